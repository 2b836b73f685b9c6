"""The flags that several commands take, and why a service cannot honour some of them. Pure data."""

from imageskill.cli.grammar import AMOUNT, CLIENT, HEADER, JSON, QUERY, SWITCH, WHOLE, Flag

HERE = "runs on the caller's machine"
FILES = "reads or writes files of the caller's machine"
SECRET = "tokens are kept on the caller's machine"  # noqa: S105 - a reason, no secret
EVERYWHERE = (
    Flag("--json", "answer with one JSON envelope (the default)", SWITCH, place=CLIENT),
    Flag("--human", "answer with tables for people", SWITCH, place=CLIENT),
    Flag("--help", "explain the command", SWITCH, place=CLIENT),
)
CALLING = (
    *EVERYWHERE,
    Flag("--api-base-url", "call another service", local="calls another service"),
)
AUTHORIZED = (
    *CALLING,
    Flag("--token-stdin", "read the token from stdin", SWITCH, local="reads stdin of the caller's machine"),
)
SAVE = Flag("--save", "keep the token in the client's config (0600), not in the answer", SWITCH, local=SECRET)
SHOW_TOKEN = Flag("--show-token", "tell the token once, for a secret store of your own", SWITCH, local=SECRET)
KEY = Flag("--idempotency-key", "the name of this attempt; repeating it repeats nothing")
OVERWRITE = Flag("--overwrite", "replace a file that is there", SWITCH, local=FILES)
OUTPUT = Flag("--output", "a file, or a folder, for the pictures", local=FILES)
PAGE = (
    Flag("--limit", "at most so many", WHOLE),
    Flag("--cursor", "the next_cursor of the page before"),
)
WAITING = (
    Flag("--timeout-ms", "give up waiting after so many milliseconds", WHOLE, place=CLIENT),
    Flag("--poll-interval-ms", "ask again after so many milliseconds", WHOLE, place=CLIENT),
)
PAINTING = (
    Flag("--prompt", "what to paint"),
    Flag("--prompt-file", "a file with the prompt; - is stdin", local=FILES),
    Flag("--intent", "your own word for the call, such as explore or finalize"),
    Flag("--model", "a model id; `models list` shows them"),
    Flag("--provider", "only models of this provider"),
    Flag("--aspect-ratio", "such as 1:1 or 16:9"),
    Flag("--format", "such as png", field="output_format"),
    Flag("--output-count", "how many pictures", WHOLE),
    Flag("--model-parameters-json", "parameters of the model, as a JSON object", JSON, field="model_parameters"),
    Flag("--max-estimated-usd-per-image", "refuse a dearer picture", AMOUNT),
    Flag("--max-usd", "refuse a dearer call", AMOUNT),
    Flag("--accept-unknown-cost", "accept a model without a known price, up to its ceiling", SWITCH),
    Flag("--dry-run", "plan and price only: nothing is made or charged", SWITCH),
    Flag("--provenance", "name model and provider", SWITCH, place=QUERY, field="include", sends="provenance"),
    Flag("--no-wait", "answer at once with the job", SWITCH, place=HEADER, field="prefer", sends="respond-async"),
    KEY,
    OUTPUT,
    OVERWRITE,
    *WAITING,
)
LATEST = Flag(
    "--latest",
    "event types that came after the first contract, too",
    SWITCH,
    place=HEADER,
    field="image-skill-contract",
    sends="latest",
)
