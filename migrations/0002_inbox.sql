-- Updates from Telegram, stored before they are confirmed (telegram/inbox.rs).
-- A row is worked on by the replica that holds its lease; an empty owner means nobody yet.
-- `attempts` counts handlers that panicked. The payload of a row that is done is empty.
CREATE TABLE updates (
    update_id      BIGINT NOT NULL PRIMARY KEY,
    lane           BIGINT NOT NULL,
    payload        TEXT   NOT NULL,
    received_at_ms BIGINT NOT NULL,
    lease_owner    TEXT   NOT NULL,
    lease_until_ms BIGINT NOT NULL,
    done           BIGINT NOT NULL DEFAULT 0 CHECK (done IN (0, 1)),
    attempts       BIGINT NOT NULL DEFAULT 0 CHECK (attempts >= 0)
);

CREATE INDEX updates_open ON updates (lane, update_id) WHERE done = 0;
CREATE INDEX updates_age ON updates (received_at_ms);

-- Work that only one replica may do at a time, such as asking Telegram for updates.
CREATE TABLE leases (
    name     TEXT   NOT NULL PRIMARY KEY,
    owner    TEXT   NOT NULL,
    until_ms BIGINT NOT NULL
);
