# What the shop says, in Russian. The keys and variables are those of en.ftl.

language-name = Русский
language-choose = Выберите язык.
language-chosen = Теперь я говорю по-русски.

greeting = Здравствуйте, { $name }!

## Buttons and toasts: plain text.
button-buy = Купить
button-cancel = Отмена
button-pay-wallet = Оплатить с баланса
button-pay-crypto = Оплатить криптовалютой

stock-left = { $count ->
    [one] осталась { $count }
    [few] осталось { $count }
   *[many] осталось { $count }
}
stock-plenty = много
stock-out = распродано

pieces = { $count ->
    [one] { $count } штука
    [few] { $count } штуки
   *[many] { $count } штук
}

quote-total = <b>{ $product }</b> × { $quantity }: <b>{ $total }</b>
