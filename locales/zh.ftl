# What the shop says, in simplified Chinese. The keys and variables are those of en.ftl.

language-name = 中文
language-choose = 请选择语言。
language-chosen = 从现在起我说中文。

greeting = { $name }，您好！

## Buttons and toasts: plain text.
button-buy = 购买
button-cancel = 取消
button-pay-wallet = 余额支付
button-pay-crypto = 加密货币支付

stock-left = 剩余 { $count } 件
stock-plenty = 充足
stock-out = 售罄

pieces = { $count } 件

quote-total = <b>{ $product }</b> × { $quantity }：<b>{ $total }</b>
