//! What must add up at the end: every code in exactly one place, every cent in exactly one place, and not a
//! code in the log.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, bail, ensure};
use rust_decimal::Decimal;

use super::log::Log;
use crate::demo::stage::{FUNDS, Scenery};
use crate::money::{Currency, Money};
use crate::store::{Db, args};

/// A code that was sold, and who must have it.
#[derive(Debug)]
pub(super) struct Owned {
    pub(super) code: String,
    pub(super) buyer: i64,
}

#[derive(sqlx::FromRow)]
struct PostingRow {
    from_account: String,
    to_account: String,
    amount: i64,
    currency: String,
}

#[derive(sqlx::FromRow)]
struct AccountRow {
    id: String,
    currency: String,
    balance: i64,
}

#[derive(sqlx::FromRow)]
struct OrderRow {
    state: String,
    payment: String,
    quantity: i64,
    total: i64,
    codes: i64,
}

/// What the books say.
#[derive(Debug)]
pub(super) struct Figures {
    pub(super) codes: usize,
    pub(super) topped_up: Money,
    pub(super) in_wallets: Money,
    pub(super) sales: Money,
    pub(super) cost: Money,
}

/// Every code went to its buyer, once, and to nobody else.
pub(super) fn codes_are_where_they_belong(scenery: &Scenery, owned: &[Owned], chats: &[i64]) -> Result<()> {
    for Owned { code, buyer } in owned {
        for chat in chats {
            let messages = scenery.telegram.messages(*chat);
            let found = messages.iter().filter(|seen| seen.by_bot && seen.text.contains(code.as_str())).count();
            let wanted = usize::from(chat == buyer);
            ensure!(found == wanted, "a code was shown {found} times in chat {chat} instead of {wanted}");
        }
    }
    let mut distinct: Vec<&str> = owned.iter().map(|owned| owned.code.as_str()).collect();
    distinct.sort_unstable();
    distinct.dedup();
    ensure!(distinct.len() == owned.len(), "a code was sold twice");
    Ok(())
}

/// The log holds no code, nor the secrets the shop was given, nor anything that went wrong.
pub(super) fn log_is_clean(log: &Log, owned: &[Owned], secrets: &[&str]) -> Result<String> {
    let text = log.text();
    ensure!(text.contains("codes received"), "the log was not captured");
    for Owned { code, .. } in owned {
        // An account and its password are secret each by itself too.
        for part in std::iter::once(code.as_str()).chain(code.split("----")) {
            ensure!(!text.contains(part), "a code stands in the log");
        }
    }
    ensure!(!secrets.iter().any(|secret| text.contains(secret)), "a secret of the settings stands in the log");
    if let Some(line) = text.lines().find(|line| line.contains(" ERROR ")) {
        bail!("the shop logged an error: {line}");
    }
    Ok(text)
}

/// Reads the books from the database file and compares them with the stand-ins' own.
pub(super) async fn add_up(url: &str, scenery: &Scenery) -> Result<Figures> {
    let db = Db::open(url).await.context("the database file")?;
    let mut tx = db.read().await?;
    let postings: Vec<PostingRow> =
        tx.fetch_all("SELECT from_account, to_account, amount, currency FROM postings", args![]).await?;
    let accounts: Vec<AccountRow> = tx.fetch_all("SELECT id, currency, balance FROM accounts", args![]).await?;
    let orders: Vec<OrderRow> = tx
        .fetch_all(
            "SELECT o.state, o.payment, o.quantity, o.total, p.count AS codes FROM orders o \
             JOIN parcels p ON p.order_id = o.id",
            args![],
        )
        .await?;
    drop(tx);
    db.close().await;
    let balances = balances(&postings)?;
    for account in &accounts {
        let key = (account.id.clone(), account.currency.clone());
        let posted = balances.get(&key).copied().unwrap_or(0);
        ensure!(posted == account.balance, "the balance of {} is not what was posted to it", account.id);
    }
    compare(scenery, &balances, &orders)
}

type Balances = BTreeMap<(String, String), i64>;

fn balances(postings: &[PostingRow]) -> Result<Balances> {
    let mut balances = Balances::new();
    for posting in postings {
        for (account, amount) in
            [(&posting.from_account, posting.amount.saturating_neg()), (&posting.to_account, posting.amount)]
        {
            let balance = balances.entry((account.clone(), posting.currency.clone())).or_default();
            *balance = balance.checked_add(amount).context("a balance overflows")?;
        }
    }
    Ok(balances)
}

fn compare(scenery: &Scenery, balances: &Balances, orders: &[OrderRow]) -> Result<Figures> {
    let own = Currency::Usdt;
    let of = |prefix: &str| -> i64 {
        balances
            .iter()
            .filter(|((account, currency), _)| account.starts_with(prefix) && currency == own.code())
            .fold(0, |sum, (_, balance)| sum.saturating_add(*balance))
    };
    let money = |minor: i64| Money::from_minor(minor, own);
    let (topped_up, in_wallets, held, sales) = (of("topups").saturating_neg(), of("wallet:"), of("held:"), of("sales"));
    ensure!(held == 0, "money is still reserved though every order has ended");
    ensure!(topped_up == in_wallets.saturating_add(sales), "what was topped up is not in wallets and sales");
    let from_wallets = orders.iter().filter(|order| order.payment == "wallet");
    let charged = from_wallets.fold(0_i64, |sum, order| sum.saturating_add(order.total));
    ensure!(sales == charged, "the sales are not what buyers were charged");
    for order in orders {
        ensure!(order.state == "delivered", "an order is {} and not delivered", order.state);
        ensure!(order.codes == order.quantity, "an order of {} brought {} codes", order.quantity, order.codes);
    }
    let cost = money(of("cost:one4all"));
    let one4all_sold = scenery.one4all.sold();
    let one4all_charged = one4all_sold.iter().fold(Decimal::ZERO, |sum, sold| sum.saturating_add(sold.total));
    ensure!(cost.to_decimal() == one4all_charged, "our cost {cost} is not what One4All charged, {one4all_charged}");
    let spent = FUNDS.saturating_sub(scenery.one4all.wallet());
    ensure!(spent == one4all_charged, "One4All's wallet lost {spent} for goods of {one4all_charged}");
    let handed_out: usize = one4all_sold
        .iter()
        .map(|sold| sold.codes.len())
        .sum::<usize>()
        .saturating_add(scenery.account_shop.orders().iter().map(|order| order.credentials.len()).sum::<usize>());
    let delivered = orders.iter().fold(0_i64, |sum, order| sum.saturating_add(order.codes));
    ensure!(
        i64::try_from(handed_out) == Ok(delivered),
        "suppliers handed out {handed_out}, delivered were {delivered}"
    );
    Ok(Figures {
        codes: handed_out,
        topped_up: money(topped_up),
        in_wallets: money(in_wallets),
        sales: money(sales),
        cost,
    })
}
