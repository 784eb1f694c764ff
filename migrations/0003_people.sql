CREATE TABLE buyers (
    id TEXT NOT NULL PRIMARY KEY,
    -- NULL once the person asked to be forgotten: the ledger stays, without them.
    telegram_id BIGINT UNIQUE,
    name TEXT NOT NULL,
    username TEXT UNIQUE,
    client_language TEXT NOT NULL,
    chosen_language TEXT,
    -- Whether a private message can reach them: they started the bot and have not blocked it.
    reachable BIGINT NOT NULL CHECK (reachable IN (0, 1)),
    banned BIGINT NOT NULL CHECK (banned IN (0, 1)),
    joined_at_ms BIGINT NOT NULL
);

-- Messages the shop owes somebody who did not just ask for them.
CREATE TABLE notices (
    id TEXT NOT NULL PRIMARY KEY,
    telegram_id BIGINT NOT NULL,
    -- The same news is told once: a key names it.
    notice_key TEXT NOT NULL UNIQUE,
    body TEXT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    -- NULL once told, or given up.
    due_at_ms BIGINT,
    attempts BIGINT NOT NULL
);
CREATE INDEX notices_due ON notices (due_at_ms) WHERE due_at_ms IS NOT NULL;

-- Which message in an admin's chat carries which buyer's question, so that a reply finds its way back.
CREATE TABLE support_messages (
    chat_id BIGINT NOT NULL,
    message_id BIGINT NOT NULL,
    buyer_id TEXT NOT NULL,
    PRIMARY KEY (chat_id, message_id)
);
