"""Operations: providers and their kill switches, the queue, and sign-ups that look like abuse."""
