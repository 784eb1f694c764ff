# What the shop says, in English. Every other locale has the same keys with the same variables.
# Messages are HTML; those under "Buttons, toasts and short words" are plain text.

## Greeting, help, terms

greeting = Hello, { $name }!
help =
    <b>How it works</b>
    /shop – everything there is, by category
    /search words – find a product; or type <i>@this bot</i> and words in any chat
    /buy number [quantity] – the short way to a price
    /wallet – your balance and how to top it up
    /orders – your orders, and your codes again at any time
    /language – choose a language
    /support text – write to the people who run the shop
    /terms, /privacy, /paysupport, /forget_me
unknown-command = I don't know that command. /help lists those I know.
went-wrong = Something went wrong on our side. If money was set aside, /orders and /wallet show it; nothing is lost. Please try again in a moment.
banned = This shop does not serve you. /paysupport says whom to turn to.
only-in-private = That is only for your private chat with me.
cancelled = Done. Nothing is being asked of you.
terms =
    <b>Terms</b>
    Goods are digital codes. The price you see in a quote is the price you pay. Codes are delivered to you in private and are yours from then on. If an order cannot be fulfilled, its money goes back to your wallet at once; if only a part can, the rest goes back. Crypto invoices are paid on the network named in them; what is sent late or to another network may be lost. Problems with a code: /support.
privacy =
    <b>Privacy</b>
    The shop keeps your Telegram id, name, username and language, your orders, and the movements of your wallet. Codes are kept sealed so that you can see them again. What you write to /support goes to the people who run the shop. Nothing is passed on to anybody else. /forget_me erases who you are; the books keep their figures without you.
paysupport = For questions about a payment, an order or a refund write <code>/support</code> and your question with the order's number. A person reads it and answers here.
usage-support = Write your question behind the command, like this: <code>/support my code of order 7K2M9QXA does not work</code>
support-sent = Thank you. Your question has reached the shop; the answer comes here.
language-choose = Choose your language.
language-chosen = From now on I speak English.
forget-ask =
    <b>Forget me?</b>
    Your name, username, language and the way to your orders and codes are erased. Save your codes first: you cannot see them again. Your wallet holds { $balance }; what is in it is given up.
forget-orders-open = You have orders under way. Please wait until they are finished, then ask again.
forgotten = You are forgotten. If you write again, we meet for the first time.

## The shop

shop-heading = <b>The shop</b>
    Choose a category, or search.
shop-empty = The shelves are being filled. Please look in again in a few minutes.
category-heading = <b>{ $category }</b>
search-heading = This is what I found:
search-popular = Most sold:
search-nothing = Nothing found for “{ $words }”. Try fewer or other words, or look through the shop.
card =
    <b>{ $name }</b>
    { $category } · no. { $no }

    Price: <b>{ $price }</b>
    Stock: { $stock }
    { $limits }
    Delivery: { $delivery }
card-total = { $quantity } × → <b>{ $total }</b>
product-unknown = There is no such product, or it is no longer sold. No money was taken.

## Buying

usage-buy = Like this: <code>/buy 12</code> or <code>/buy 12 3</code> – the product's number and how many. /search finds the number.
quote =
    <b>{ $product }</b> × { $quantity }
    Unit price: { $unit }
    Total: <b>{ $total }</b>

    { $wallet }
    This price holds for 10 minutes.
quote-wallet = Your wallet: { $balance } → { $after } after this purchase.
quote-wallet-short = Your wallet: { $balance }. That is not enough to pay from it.
quote-expired = That quote was over, so nothing was bought and no money was taken. This is the price now:
quote-gone = That quote is over and the product cannot be had like that any more. No money was taken.
quote-cancelled = Cancelled. Nothing was bought and no money was taken.
choose-coin =
    <b>Pay with crypto</b>
    Choose what you want to pay with. You get an address and the exact amount, at the supplier's own price.
invoice =
    Send <b>exactly</b> this amount, on this network:
    Amount: <code>{ $amount }</code> { $ticker }
    Network: <b>{ $network }</b>
    Address: <code>{ $address }</code>
    Until { $until }
invoice-checkout = Open the checkout with the button and pay there. Until { $until }
invoice-below = Order <code>{ $no }</code>: how to pay is in the message below.
invoice-private = Order <code>{ $no }</code>: how to pay was sent to you privately.

## Orders

order-heading = <b>{ $product }</b> × { $quantity }
    Order <code>{ $no }</code>
order-total = Total: { $total }
order-unknown = You have no such order.
order-private = Your codes are sent to you privately.
order-delivered = ✅ Delivered: { $count ->
        [one] { $count } code
       *[other] { $count } codes
    }, in your private chat with me.
order-part = ✅ Delivered: { $count } of { $quantity }. There were no more, so { $back } went back to your wallet.
order-part-paid = ✅ Delivered: { $count } of { $quantity } – there were no more. The shop has been told and settles the rest with you.
order-expired = The time to pay ran out. If you did pay, it is not lost: the shop is told as soon as the payment shows up. Otherwise no money was taken.
order-stuck = ⏳ The supplier has not given a clear answer. A person is looking into it; { $total } stays reserved for this order until it is settled, with codes or with your money back.
order-stuck-paid = ⏳ The supplier has not given a clear answer. A person is looking into it and writes to you here. Please do not pay again.
orders-heading = <b>Your orders</b>
orders-none = You have no orders yet.
progress-reserving = ⏳ { $total } is reserved, ordering …
progress-ordering = ⏳ Ordering …
progress-delivering = ⏳ Delivering …
progress-paid = ✅ Paid. Your goods are being prepared …
payment-waiting = ⏳ Waiting for payment
payment-confirming = 🔎 Seen, confirming
payment-paid = ✅ Paid
payment-underpaid = ⚠️ Too little arrived. Please send the rest to the same address before the time is up; the shop has been told.
payment-overpaid = ⚠️ More than asked arrived. Your order goes on; the shop has been told about the difference.
returned-sold-out = Somebody was faster: there are not enough left.
returned-dearer = The price has risen since your quote, so nothing was bought.
returned-gone = The product is no longer sold.
returned-unavailable = The product is not available just now, so nothing was bought. The shop has been told.
returned-unreachable = The order could not be passed on in time, so nothing was bought.
returned-by-admin = The shop cancelled this order.
money-back = { $total } went back to your wallet.
money-not-taken = No money was taken.

## The parcel

parcel-heading = <b>{ $product }</b> – { $count ->
        [one] { $count } code
       *[other] { $count } codes
    }
    Order <code>{ $no }</code>
parcel-serial = Serial:
parcel-see-file = It is in the file that follows, exact to the letter.
parcel-also-file = The same as a file follows.

## The wallet

wallet =
    <b>Your wallet</b>
    Balance: <b>{ $balance }</b>
    Reserved for orders under way: { $reserved }
wallet-movements = <b>Last movements</b>
wallet-topup = To top up, write <code>/support</code> and how you want to pay, or ask an admin directly. Your number is <code>{ $id }</code>.
movement = { $date } · <b>{ $change }</b> · { $what }

## Refusals

refused-not-for-sale = This product is not for sale just now. No money was taken.
refused-sold-out = Sold out. No money was taken. I can tell you when it is back.
refused-too-few = Only { $left } left. No money was taken.
refused-quantity = The quantity must be a whole number from { $min } to { $max }. No money was taken.
refused-wallet = Your wallet holds { $balance }, and this costs { $total }. { $missing } is missing. No money was taken.
refused-payment = This product cannot be paid that way. No money was taken.
refused-invoices-open = You have unpaid crypto orders already. Please pay one of them or let it run out first. No money was taken.
refused-unavailable = Payments of that kind cannot be made just now. No money was taken. Please try again in a few minutes.
codes-none-yet = This order has no codes yet.

## News

news-back = <b>{ $name }</b> is back.
news-credited = { $amount } was added to your wallet. Balance: <b>{ $balance }</b>
news-debited = { $amount } was taken from your wallet. Balance: <b>{ $balance }</b>
news-question =
    <b>Question</b> from { $name } (<code>{ $id }</code>):
    { $text }
    <i>Reply to this message to answer.</i>
news-answer =
    <b>The shop answers:</b>
    { $text }
news-stuck =
    ⚠️ <b>Order { $order } waits for a person</b>
    Supplier: { $supplier }
    { $why }
    Its money stays reserved until it is decided.
news-supplier-refused = ⚠️ <b>{ $supplier }</b> refuses to sell: { $why }
news-loss = ⚠️ Order { $order } was sold at a loss: the supplier charged { $charged }, the buyer paid { $paid }.
news-underpaid = ⚠️ Order { $order }: the buyer sent too little on the supplier's invoice.
news-overpaid = ⚠️ Order { $order }: the buyer sent more than asked on the supplier's invoice.
news-late = ⚠️ Order { $order }: the buyer paid after the invoice had ended.

## The desk

desk =
    <b>The desk</b>
    /topup who amount [note]
    /debit who amount [note]
    /user who · /ban who · /unban who
    /stuck · /resolve order refund | deliver | retry
    /suppliers · /sync [supplier]
    /margin percent [category]
    /rate currency value
    <i>who</i> is a user id, an @username, or a reply to the person's message.
usage-topup = Like this: <code>/topup 123456789 10 thank you</code> – a user id or @username, an amount, a note. Or reply to the person's message with <code>/topup 10</code>.
usage-debit = Like this: <code>/debit 123456789 10 reason</code> – a user id or @username, an amount, a note. Or reply to the person's message with <code>/debit 10</code>.
usage-user = Name a user id or @username, or reply to the person's message.
usage-margin = Like this: <code>/margin 12.5</code> for the whole shop, <code>/margin 8 PUBG Mobile</code> for one category.
usage-rate = Like this: <code>/rate CNY 0.14</code> – what one unit is worth in the shop's currency.
topup-done = ✅ { $amount } added to the wallet of { $who }. Balance: <b>{ $balance }</b>
debit-done = ✅ { $amount } taken from the wallet of { $who }. Balance: <b>{ $balance }</b>
undone = ↩️ Undone: { $amount } of { $who }. Balance: <b>{ $balance }</b>
ban-done = { $who } is shut out.
unban-done = { $who } may come in again.
user =
    { $who }
    Balance: <b>{ $balance }</b>, reserved: { $reserved }
    Language: { $language } · reachable: { $reachable } · banned: { $banned }
answer-sent = Sent to the buyer.
desk-nobody = I don't know that person. A user id works also for somebody who has not been here yet.
desk-bad-amount = That is no amount I can book. It must be above zero, in { $currency }, with no more decimal digits than the currency has, like <code>12.50</code>.
desk-wallet-small = The wallet holds only { $balance }. Nothing was changed.
desk-not-undoable = That cannot be undone: it is not there, or the money has been spent.
desk-no-supplier = No such supplier is set up. There are: { $names }
desk-bad-percent = That is no percentage between -50 and 1000.
desk-no-category = There is no such category. /shop shows them.
desk-bad-rate = That is no rate. Name another currency than { $currency } and a positive number, like <code>/rate CNY 0.14</code>.
desk-supplier-failed = did not give its catalogue: { $why }
suppliers-none = No supplier is set up. The settings KIOSK_SUPPLIER__… connect one.
stuck-none = No order waits for a person.
stuck =
    <b>{ $order }</b>: { $what }, { $total }
    { $supplier }, its reference: { $reference } · codes kept: { $kept }
    { $why }
usage-resolve = Decide with <code>/resolve order refund</code> (the money goes back), <code>/resolve order deliver</code> (the codes kept go to the buyer), or <code>/resolve order retry</code> (the supplier is asked again).
resolve-done = ✅ Order { $order }: { $state }.
desk-not-stuck = No order of that number waits for a person.
desk-nothing-kept = No codes are kept for that order, so there is nothing to deliver.
supplier =
    <b>{ $name }</b>: { $reach }
    Funds: { $funds } · products: { $products } · { $refreshed }
    Orders under way: { $orders } · { $breaker }
supplier-refresh-failed = ⚠️ The last refresh failed: { $why }
supplier-no-rate = ⚠️ Its currency has no rate, so nothing of it can be sold. /rate sets one.
sync-started = Refreshing …
sync-done = <b>{ $name }</b>: { $listed } listed, { $new } new, { $changed } changed, { $gone } gone
sync-finished = ✅ Done.
margin-done = ✅ The margin is { $percent } now. Prices follow at once; open quotes keep theirs.
margin-category-done = ✅ The margin of { $category } is { $percent } now. Prices follow at once; open quotes keep theirs.
rate-done = ✅ 1 { $from } = { $value } { $to } now. Prices follow at once; open quotes keep theirs.

## Buttons, toasts and short words: plain text

button-back = Back
button-buy = Buy
button-cancel = Cancel
button-codes = Show codes
button-copy-address = Copy address
button-copy-amount = Copy amount
button-forget = Yes, forget me
button-language-own = As my Telegram
button-new-quote = See the new price
button-not-yours = This is not yours.
button-open = Open in shop
button-open-checkout = Open the checkout
button-open-private = Open private chat
button-orders = My orders
button-pay-crypto = Pay with crypto
button-pay-wallet = Pay from wallet
button-search = Search
button-see-product = See the product
button-shop = Shop
button-suppliers = Suppliers
button-sync = Refresh all
button-try-again = Try again
button-undo = Undo
button-unknown = This button no longer works.
button-wallet = Wallet
button-watch = Tell me when it is back
watch-noted = I will tell you when it is back.
product-unknown-toast = This product is no longer sold.
cancel-too-late = Too late: this quote has been paid.
codes-none = This order has no codes yet.
codes-sent-privately = Sent to you privately.
codes-start-first = Start a private chat with me first, then press again.
category-other = Other
card-limits = { $min } to { $max } per order
stock-left = { $count ->
    [one] { $count } left
   *[other] { $count } left
}
stock-plenty = plenty
stock-out = sold out
not-for-sale = not for sale just now
not-for-sale-short = not for sale
delivery-at-once = at once
delivery-minutes = usually within a minute
delivery-confirmed = after the payment confirms
way-wallet = Wallet
yes = yes
no = no
state-reserved = reserved
state-submitted = being ordered
state-awaiting-payment = waiting for payment
state-fulfilled = on its way to you
state-delivered = delivered
state-returned = cancelled, money back
state-expired = not paid in time
state-stuck = being looked into
movement-topup = top-up
movement-debit = debit
movement-reserve = purchase
movement-void = money back
movement-refund = refund
movement-sale = sale
stuck-no-answer = A purchase got no answer, and the supplier cannot be asked about it. It may or may not have sold.
stuck-garbled = A purchase got an answer that cannot be read. It may or may not have sold.
stuck-not-found = The supplier shows no order that could be this one.
stuck-ambiguous = The supplier shows several orders that could be this one.
stuck-miscounted = The number of codes contradicts the order or the supplier's own figure. The codes are kept, sealed.
stuck-paid-late = The buyer paid after the invoice had ended.
stuck-paid-and-cancelled = The supplier cancelled an order the buyer has paid for.
reason-no-funds = our funds there are too low
reason-frozen = our account there is frozen
reason-unauthorized = our key is not accepted there
reason-other = it refuses
supplier-reachable = reachable
supplier-unreachable = not reachable
funds-not-used = not used
funds-frozen = frozen
funds-unknown = unknown
breaker-closed = line open
breaker-open = line cut for a while after failures
breaker-half-open = line being tried again
refreshed-never = never refreshed
refreshed-ago = refreshed { $minutes ->
    [one] { $minutes } minute ago
   *[other] { $minutes } minutes ago
}
menu-shop = Everything there is
menu-search = Find a product
menu-wallet = Balance and top-up
menu-orders = Your orders and codes
menu-buy = Buy by number
menu-language = Choose a language
menu-support = Write to the shop
menu-help = How it works
menu-admin = For admins
