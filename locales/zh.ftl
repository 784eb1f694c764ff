# What the shop says, in simplified Chinese. The keys and variables are those of en.ftl.
# Messages are HTML; those under "Buttons, toasts and short words" are plain text.

## Greeting, help, terms

greeting = { $name }，您好！
help =
    <b>使用说明</b>
    /shop – 按分类浏览全部商品
    /search 关键词 – 查找商品；也可以在任意聊天中输入 <i>@本机器人</i> 加关键词
    /buy 编号 [数量] – 直接查看价格
    /wallet – 查看余额和充值方式
    /orders – 查看订单，随时可以再次查看卡密
    /language – 选择语言
    /support 内容 – 给店员留言
    /terms, /privacy, /paysupport, /forget_me
unknown-command = 我不认识这个命令。可用的命令请看 /help 。
went-wrong = 我们这边出了点问题。如果有款项被预留，可以在 /orders 和 /wallet 中看到，钱不会丢失。请稍后再试。
banned = 本店无法为您服务。请通过 /paysupport 了解可以联系谁。
only-in-private = 此功能只能在与我的私聊中使用。
cancelled = 好的，您无需再做任何操作。
terms =
    <b>服务条款</b>
    商品均为数字卡密。您支付的价格就是报价中显示的价格。卡密会私下发送给您，此后归您所有。如果订单无法完成，款项会立即退回您的钱包；如果只能完成一部分，其余款项会退回。加密货币账单须通过其中注明的网络支付；逾期支付或转到其他网络的款项可能会丢失。卡密有问题请用 /support 。
privacy =
    <b>隐私</b>
    本店会保存您的 Telegram ID、姓名、用户名和语言、您的订单以及钱包的收支记录。卡密会加密保存，方便您再次查看。您通过 /support 写的内容会发送给店员。我们不会把任何信息转交给其他人。 /forget_me 会删除您的个人信息；账目只保留数字，不再与您关联。
paysupport = 如有付款、订单或退款方面的问题，请发送 <code>/support</code> ，后面写上您的问题和订单号。会有真人阅读，并在这里回复您。
usage-support = 请把问题写在命令后面，例如：<code>/support 订单 7K2M9QXA 的卡密无法使用</code>
support-sent = 谢谢。本店已收到您的问题，回复会发到这里。
language-choose = 请选择语言。
language-chosen = 从现在起我说中文。
forget-ask =
    <b>要删除您的信息吗？</b>
    您的姓名、用户名、语言，以及查看订单和卡密的途径都会被删除。请先保存好卡密，之后将无法再查看。您的钱包里有 { $balance }，删除即表示放弃其中的余额。
forget-orders-open = 您还有进行中的订单。请等订单完成后再试。
forgotten = 您的信息已删除。如果您再来，我们就当初次见面。

## The shop

shop-heading = <b>商店</b>
    请选择分类，或直接搜索。
shop-empty = 商品正在上架，请过几分钟再来看看。
category-heading = <b>{ $category }</b>
search-heading = 为您找到：
search-popular = 热销商品：
search-nothing = 没有找到“{ $words }”。请减少或更换关键词，或者到商店里逛逛。
card =
    <b>{ $name }</b>
    { $category } · 编号 { $no }

    价格：<b>{ $price }</b>
    库存：{ $stock }
    { $limits }
    发货：{ $delivery }
card-total = { $quantity } × → <b>{ $total }</b>
product-unknown = 没有这个商品，或者已经下架。未扣款。

## Buying

usage-buy = 用法：<code>/buy 12</code> 或 <code>/buy 12 3</code> – 商品编号和数量。编号可以用 /search 查到。
quote =
    <b>{ $product }</b> × { $quantity }
    单价：{ $unit }
    合计：<b>{ $total }</b>

    { $wallet }
    此价格 10 分钟内有效。
quote-wallet = 您的钱包：{ $balance } → 购买后 { $after }。
quote-wallet-short = 您的钱包：{ $balance }。余额不足，无法用钱包支付。
quote-expired = 之前的报价已过期，没有购买，也未扣款。现在的价格是：
quote-gone = 之前的报价已过期，而且该商品已无法按原条件购买。未扣款。
quote-cancelled = 已取消。没有购买，也未扣款。
choose-coin =
    <b>加密货币支付</b>
    请选择支付币种。您会收到收款地址和准确金额，按供应商自己的价格计算。
invoice =
    请通过以下网络转入<b>准确</b>金额：
    金额：<code>{ $amount }</code> { $ticker }
    网络：<b>{ $network }</b>
    地址：<code>{ $address }</code>
    截止时间：{ $until }
invoice-checkout = 请点击按钮打开付款页面并完成支付。截止时间：{ $until }
invoice-below = 订单 <code>{ $no }</code>：付款方式见下一条消息。
invoice-private = 订单 <code>{ $no }</code>：付款方式已私聊发送给您。

## Orders

order-heading = <b>{ $product }</b> × { $quantity }
    订单 <code>{ $no }</code>
order-total = 合计：{ $total }
order-unknown = 您没有这个订单。
order-private = 卡密会通过私聊发送给您。
order-delivered = ✅ 已发货：{ $count ->
       *[other] { $count } 个卡密
    }，请在与我的私聊中查看。
order-part = ✅ 已发货：{ $count } / { $quantity }。库存不足，{ $back } 已退回您的钱包。
order-part-paid = ✅ 已发货：{ $count } / { $quantity } – 库存不足。已通知本店，其余部分会与您协商解决。
order-expired = 付款时间已过。如果您已经付款，钱不会丢失：款项一到账，本店就会收到通知。否则未扣款。
order-stuck = ⏳ 供应商没有给出明确答复，正在由人工处理。在处理完成之前，{ $total } 会一直为此订单预留：要么发给您卡密，要么退款给您。
order-stuck-paid = ⏳ 供应商没有给出明确答复，正在由人工处理，结果会在这里告诉您。请不要重复付款。
orders-heading = <b>您的订单</b>
orders-none = 您还没有订单。
progress-reserving = ⏳ 已预留 { $total }，正在下单……
progress-ordering = ⏳ 正在下单……
progress-delivering = ⏳ 正在发货……
progress-paid = ✅ 已付款，正在为您备货……
payment-waiting = ⏳ 等待付款
payment-confirming = 🔎 已看到付款，等待确认
payment-paid = ✅ 已付款
payment-underpaid = ⚠️ 到账金额不足。请在截止时间前把差额转到同一地址；已通知本店。
payment-overpaid = ⚠️ 到账金额超出应付金额。订单会继续处理；多付的部分已通知本店。
returned-sold-out = 有人抢先一步，剩余数量不够了。
returned-dearer = 报价之后价格上涨了，因此没有购买。
returned-gone = 该商品已下架。
returned-unavailable = 该商品暂时无法购买，因此没有购买。已通知本店。
returned-unreachable = 订单未能及时提交，因此没有购买。
returned-by-admin = 本店取消了此订单。
money-back = { $total } 已退回您的钱包。
money-not-taken = 未扣款。

## The parcel

parcel-heading = <b>{ $product }</b> – { $count ->
       *[other] { $count } 个卡密
    }
    订单 <code>{ $no }</code>
parcel-serial = 序列号：
parcel-see-file = 内容在随后的文件中，一字不差。
parcel-also-file = 随后附上相同内容的文件。

## The wallet

wallet =
    <b>您的钱包</b>
    余额：<b>{ $balance }</b>
    进行中的订单预留：{ $reserved }
wallet-movements = <b>最近收支</b>
wallet-topup = 充值请发送 <code>/support</code> ，并写明您想用的付款方式，或直接联系管理员。您的号码是 <code>{ $id }</code>。
movement = { $date } · <b>{ $change }</b> · { $what }

## Refusals

refused-not-for-sale = 该商品暂不出售。未扣款。
refused-sold-out = 已售罄。未扣款。到货时我可以通知您。
refused-too-few = 只剩 { $left } 件。未扣款。
refused-quantity = 数量必须是 { $min } 到 { $max } 之间的整数。未扣款。
refused-wallet = 您的钱包里有 { $balance }，而此次购买需要 { $total }，还差 { $missing }。未扣款。
refused-payment = 该商品不支持这种付款方式。未扣款。
refused-invoices-open = 您已有未支付的加密货币订单。请先支付其中一笔，或等待其过期。未扣款。
refused-unavailable = 暂时无法使用这种付款方式。未扣款。请过几分钟再试。
codes-none-yet = 此订单还没有卡密。

## News

news-back = <b>{ $name }</b> 到货了。
news-credited = 您的钱包已入账 { $amount }。余额：<b>{ $balance }</b>
news-debited = 您的钱包已扣除 { $amount }。余额：<b>{ $balance }</b>
news-question =
    <b>提问</b> 来自 { $name }（<code>{ $id }</code>）：
    { $text }
    <i>回复此消息即可作答。</i>
news-answer =
    <b>本店答复：</b>
    { $text }
news-stuck =
    ⚠️ <b>订单 { $order } 需要人工处理</b>
    供应商：{ $supplier }
    { $why }
    作出决定之前，款项会一直预留。
news-supplier-refused = ⚠️ <b>{ $supplier }</b> 拒绝出售：{ $why }
news-loss = ⚠️ 订单 { $order } 亏本售出：供应商收取 { $charged }，买家支付 { $paid }。
news-underpaid = ⚠️ 订单 { $order }：买家在供应商账单上付款不足。
news-overpaid = ⚠️ 订单 { $order }：买家在供应商账单上多付了款。
news-late = ⚠️ 订单 { $order }：买家在账单过期后才付款。

## The desk

desk =
    <b>管理台</b>
    /topup 用户 金额 [备注]
    /debit 用户 金额 [备注]
    /user 用户 · /ban 用户 · /unban 用户
    /stuck · /resolve order refund | deliver | retry
    /suppliers · /sync [供应商]
    /margin 百分比 [分类]
    /rate 货币 汇率
    <i>用户</i> 可以是用户 ID、@username，或者回复此人的消息。
usage-topup = 用法：<code>/topup 123456789 10 谢谢</code> – 用户 ID 或 @username、金额、备注。也可以回复此人的消息：<code>/topup 10</code>。
usage-debit = 用法：<code>/debit 123456789 10 原因</code> – 用户 ID 或 @username、金额、备注。也可以回复此人的消息：<code>/debit 10</code>。
usage-user = 请给出用户 ID 或 @username，或者回复此人的消息。
usage-margin = 用法：<code>/margin 12.5</code> 用于全店，<code>/margin 8 PUBG Mobile</code> 用于单个分类。
usage-rate = 用法：<code>/rate CNY 0.14</code> – 一个单位折合多少本店货币。
topup-done = ✅ 已向 { $who } 的钱包充值 { $amount }。余额：<b>{ $balance }</b>
debit-done = ✅ 已从 { $who } 的钱包扣除 { $amount }。余额：<b>{ $balance }</b>
undone = ↩️ 已撤销：{ $who } 的 { $amount }。余额：<b>{ $balance }</b>
ban-done = { $who } 已被封禁。
unban-done = { $who } 已解除封禁。
user =
    { $who }
    余额：<b>{ $balance }</b>，预留：{ $reserved }
    语言：{ $language } · 可联系：{ $reachable } · 已封禁：{ $banned }
answer-sent = 已发送给买家。
desk-nobody = 我不认识这个人。对还没来过的人，可以使用用户 ID。
desk-bad-amount = 这个金额无法入账。金额必须大于零，以 { $currency } 计，小数位数不能超过该货币的位数，例如 <code>12.50</code>。
desk-wallet-small = 钱包里只有 { $balance }。没有做任何更改。
desk-not-undoable = 无法撤销：该操作不存在，或者钱已经花掉了。
desk-no-supplier = 没有设置这个供应商。现有：{ $names }
desk-bad-percent = 百分比必须在 -50 到 1000 之间。
desk-no-category = 没有这个分类。全部分类请看 /shop 。
desk-bad-rate = 这个汇率无效。请给出 { $currency } 以外的货币和一个正数，例如 <code>/rate CNY 0.14</code>。
desk-supplier-failed = 未能取得商品目录：{ $why }
suppliers-none = 还没有设置供应商。可以通过 KIOSK_SUPPLIER__… 设置项接入。
stuck-none = 没有需要人工处理的订单。
stuck =
    <b>{ $order }</b>：{ $what }，{ $total }
    { $supplier }，供应商单号：{ $reference } · 已保存卡密：{ $kept }
    { $why }
usage-resolve = 请选择处理方式：<code>/resolve 订单号 refund</code>（退款）、<code>/resolve 订单号 deliver</code>（将已保存的卡密发给买家）或 <code>/resolve 订单号 retry</code>（再次询问供应商）。
resolve-done = ✅ 订单 { $order }：{ $state }。
desk-not-stuck = 没有该编号的订单在等待人工处理。
desk-nothing-kept = 该订单没有保存卡密，无法交付。
supplier =
    <b>{ $name }</b>：{ $reach }
    资金：{ $funds } · 商品：{ $products } · { $refreshed }
    进行中的订单：{ $orders } · { $breaker }
supplier-refresh-failed = ⚠️ 最近一次刷新失败：{ $why }
supplier-no-rate = ⚠️ 其货币没有汇率，因此它的商品都无法出售。请用 /rate 设置。
sync-started = 正在刷新……
sync-done = <b>{ $name }</b>：共 { $listed }，新增 { $new }，变更 { $changed }，下架 { $gone }
sync-finished = ✅ 完成。
margin-done = ✅ 加价比例现为 { $percent }。价格立即更新；未过期的报价不变。
margin-category-done = ✅ { $category } 的加价比例现为 { $percent }。价格立即更新；未过期的报价不变。
rate-done = ✅ 现在 1 { $from } = { $value } { $to }。价格立即更新；未过期的报价不变。

## Buttons, toasts and short words: plain text

button-back = 返回
button-buy = 购买
button-cancel = 取消
button-codes = 查看卡密
button-copy-address = 复制地址
button-copy-amount = 复制金额
button-forget = 是的，删除
button-language-own = 跟随 Telegram
button-new-quote = 查看新价格
button-not-yours = 这不是您的。
button-open = 在商店中打开
button-open-checkout = 打开付款页面
button-open-private = 打开私聊
button-orders = 我的订单
button-pay-crypto = 加密货币支付
button-pay-wallet = 钱包支付
button-search = 搜索
button-see-product = 查看商品
button-shop = 商店
button-suppliers = 供应商
button-sync = 全部刷新
button-try-again = 重试
button-undo = 撤销
button-unknown = 此按钮已失效。
button-wallet = 钱包
button-watch = 到货通知我
watch-noted = 到货时我会通知您。
product-unknown-toast = 该商品已下架。
cancel-too-late = 太晚了：此报价已付款。
codes-none = 此订单还没有卡密。
codes-sent-privately = 已私聊发送给您。
codes-start-first = 请先与我开始私聊，然后再点一次。
category-other = 其他
card-limits = 每单 { $min } 到 { $max } 件
stock-left = { $count ->
   *[other] 剩余 { $count } 件
}
stock-plenty = 充足
stock-out = 售罄
not-for-sale = 暂不出售
not-for-sale-short = 不出售
delivery-at-once = 立即发货
delivery-minutes = 通常一分钟内
delivery-confirmed = 付款确认后
way-wallet = 钱包
yes = 是
no = 否
state-reserved = 已预留
state-submitted = 下单中
state-awaiting-payment = 待付款
state-fulfilled = 发货中
state-delivered = 已发货
state-returned = 已取消并退款
state-expired = 逾期未付款
state-stuck = 人工处理中
movement-topup = 充值
movement-debit = 扣款
movement-reserve = 购买
movement-void = 退回
movement-refund = 退款
movement-sale = 售出
stuck-no-answer = 下单后没有收到答复，也无法向供应商查询。可能已售出，也可能没有。
stuck-garbled = 下单后收到的答复无法读取。可能已售出，也可能没有。
stuck-not-found = 供应商那里没有可能与此对应的订单。
stuck-ambiguous = 供应商那里有多个可能与此对应的订单。
stuck-miscounted = 卡密数量与订单或供应商自己给出的数量不符。卡密已加密保存。
stuck-paid-late = 买家在账单过期后才付款。
stuck-paid-and-cancelled = 供应商取消了买家已付款的订单。
reason-no-funds = 我们在那里的资金不足
reason-frozen = 我们在那里的账户被冻结
reason-unauthorized = 我们的密钥在那里不被接受
reason-other = 对方拒绝
supplier-reachable = 可连接
supplier-unreachable = 无法连接
funds-not-used = 不使用
funds-frozen = 已冻结
funds-unknown = 未知
breaker-closed = 线路正常
breaker-open = 多次失败后线路暂时断开
breaker-half-open = 正在重试线路
refreshed-never = 从未刷新
refreshed-ago = { $minutes ->
   *[other] { $minutes } 分钟前刷新
}
menu-shop = 全部商品
menu-search = 查找商品
menu-wallet = 余额与充值
menu-orders = 您的订单和卡密
menu-buy = 按编号购买
menu-language = 选择语言
menu-support = 联系店家
menu-help = 使用说明
menu-admin = 管理员专用
