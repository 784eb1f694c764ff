-- One posting moves one amount from one account to another, so it sums to zero by its shape.
CREATE TABLE postings (
    id TEXT NOT NULL PRIMARY KEY,
    posting_key TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL CHECK (kind IN ('topup', 'debit', 'reserve', 'sale', 'void', 'refund', 'cost')),
    from_account TEXT NOT NULL,
    to_account TEXT NOT NULL,
    amount BIGINT NOT NULL CHECK (amount > 0),
    currency TEXT NOT NULL,
    buyer_id TEXT,
    order_id TEXT,
    actor TEXT NOT NULL,
    reason TEXT NOT NULL,
    at_ms BIGINT NOT NULL,
    CHECK (from_account <> to_account)
);
CREATE INDEX postings_by_buyer ON postings (buyer_id, at_ms) WHERE buyer_id IS NOT NULL;
CREATE INDEX postings_by_order ON postings (order_id) WHERE order_id IS NOT NULL;

-- Running balances of the accounts that must never be negative: wallets and reservations.
CREATE TABLE accounts (
    id TEXT NOT NULL PRIMARY KEY,
    currency TEXT NOT NULL,
    balance BIGINT NOT NULL CHECK (balance >= 0 AND balance <= 1000000000000000000)
);
