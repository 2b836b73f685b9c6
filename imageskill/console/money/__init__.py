"""Staff's pages of money: its health, webhooks, orders, adjustments and refunds."""
