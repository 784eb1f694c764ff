CREATE TABLE quotes (
    id TEXT NOT NULL PRIMARY KEY,
    buyer_id TEXT NOT NULL,
    product_no BIGINT NOT NULL,
    supplier TEXT NOT NULL,
    sku TEXT NOT NULL,
    category_id TEXT NOT NULL,
    title TEXT NOT NULL,
    quantity BIGINT NOT NULL CHECK (quantity >= 1),
    unit_price BIGINT NOT NULL CHECK (unit_price > 0),
    total BIGINT NOT NULL CHECK (total > 0),
    currency TEXT NOT NULL,
    unit_cost TEXT NOT NULL,
    cost_currency TEXT NOT NULL,
    rate TEXT NOT NULL,
    coupon TEXT,
    created_at_ms BIGINT NOT NULL,
    expires_at_ms BIGINT NOT NULL,
    cancelled BIGINT NOT NULL CHECK (cancelled IN (0, 1))
);
CREATE INDEX quotes_by_expiry ON quotes (expires_at_ms);

CREATE TABLE orders (
    id TEXT NOT NULL PRIMARY KEY,
    no TEXT NOT NULL UNIQUE,
    -- Paying twice for a quote makes one order.
    quote_id TEXT NOT NULL UNIQUE,
    buyer_id TEXT NOT NULL,
    product_no BIGINT NOT NULL,
    supplier TEXT NOT NULL,
    sku TEXT NOT NULL,
    category_id TEXT NOT NULL,
    title TEXT NOT NULL,
    quantity BIGINT NOT NULL CHECK (quantity >= 1),
    unit_price BIGINT NOT NULL CHECK (unit_price > 0),
    total BIGINT NOT NULL CHECK (total > 0),
    currency TEXT NOT NULL,
    unit_cost TEXT NOT NULL,
    cost_currency TEXT NOT NULL,
    rate TEXT NOT NULL,
    payment TEXT NOT NULL,
    coupon TEXT,
    idempotency_key TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL CHECK (state IN
        ('reserved', 'submitted', 'awaiting_payment', 'fulfilled', 'delivered', 'returned', 'expired', 'stuck')),
    -- What is valid in that state, as JSON.
    detail TEXT NOT NULL,
    -- Counts every write, so that a write is guarded by what was read.
    version BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    -- The supplier's name for it, once known: an order there belongs to one of ours.
    reference TEXT,
    -- What the order worker does next: send the purchase, or ask about it; NULL: nothing.
    work TEXT CHECK (work IN ('place', 'check')),
    -- When. Claimed work is due again when its lease runs out.
    due_at_ms BIGINT,
    -- When the buyer's screen is brought up to date; NULL: it is.
    tell_at_ms BIGINT,
    -- The screen: the message that shows this order, plain text or a picture with a caption.
    chat_id BIGINT NOT NULL,
    message_id BIGINT,
    screen TEXT NOT NULL CHECK (screen IN ('text', 'picture')),
    created_at_ms BIGINT NOT NULL,
    updated_at_ms BIGINT NOT NULL
);
CREATE INDEX orders_due ON orders (supplier, work, due_at_ms) WHERE due_at_ms IS NOT NULL;
CREATE INDEX orders_tell ON orders (tell_at_ms) WHERE tell_at_ms IS NOT NULL;
CREATE INDEX orders_by_buyer ON orders (buyer_id, created_at_ms);
-- A buyer with years of orders is asked about like one with none: what is set aside for them, and what waits
-- for them to come back.
CREATE INDEX orders_set_aside ON orders (buyer_id) WHERE state IN ('reserved', 'submitted', 'stuck');
CREATE INDEX orders_to_hand_over ON orders (buyer_id) WHERE state = 'fulfilled';
CREATE INDEX orders_stuck ON orders (created_at_ms) WHERE state = 'stuck';
CREATE UNIQUE INDEX orders_by_reference ON orders (supplier, reference) WHERE reference IS NOT NULL;

-- The sealed codes of an order and the message that carries them.
CREATE TABLE parcels (
    order_id TEXT NOT NULL PRIMARY KEY REFERENCES orders (id),
    sealed TEXT NOT NULL,
    count BIGINT NOT NULL CHECK (count >= 0),
    -- kept: for a person to decide; waiting: to be sent; sent.
    state TEXT NOT NULL CHECK (state IN ('kept', 'waiting', 'sent')),
    due_at_ms BIGINT,
    attempts BIGINT NOT NULL,
    updated_at_ms BIGINT NOT NULL
);
CREATE INDEX parcels_due ON parcels (due_at_ms) WHERE due_at_ms IS NOT NULL;
