# What the shop says, in English. Every other locale has the same keys with the same variables.
# Messages are HTML; buttons and toasts are plain text and are marked so.

language-name = English
language-choose = Choose your language.
language-chosen = From now on I speak English.

greeting = Hello, { $name }!

## Buttons and toasts: plain text.
button-buy = Buy
button-cancel = Cancel
button-pay-wallet = Pay from wallet
button-pay-crypto = Pay with crypto

stock-left = { $count ->
    [one] { $count } left
   *[other] { $count } left
}
stock-plenty = plenty
stock-out = sold out

pieces = { $count ->
    [one] { $count } piece
   *[other] { $count } pieces
}

quote-total = <b>{ $product }</b> × { $quantity }: <b>{ $total }</b>
