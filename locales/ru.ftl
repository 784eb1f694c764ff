# What the shop says, in Russian. The keys and variables are those of en.ftl.
# Messages are HTML; those under "Buttons, toasts and short words" are plain text.

## Greeting, help, terms

greeting = Здравствуйте, { $name }!
help =
    <b>Как это работает</b>
    /shop — все товары по категориям
    /search слова — найти товар; или наберите <i>@этот бот</i> и слова в любом чате
    /buy номер [количество] — сразу узнать цену
    /wallet — ваш баланс и как его пополнить
    /orders — ваши заказы; коды можно посмотреть снова в любое время
    /language — выбрать язык
    /support текст — написать сотрудникам магазина
    /terms, /privacy, /paysupport, /forget_me
unknown-command = Такой команды я не знаю. Все команды — в /help.
went-wrong = Что-то пошло не так на нашей стороне. Если деньги были отложены, это видно в /orders и /wallet; ничего не пропало. Пожалуйста, попробуйте ещё раз чуть позже.
banned = Магазин вас не обслуживает. К кому обратиться, подскажет /paysupport.
only-in-private = Это доступно только в личном чате со мной.
cancelled = Готово. От вас больше ничего не требуется.
terms =
    <b>Условия</b>
    Товары — это цифровые коды. Вы платите ровно ту цену, которая указана в предложении. Коды приходят вам в личный чат и с этого момента принадлежат вам. Если заказ выполнить нельзя, деньги сразу возвращаются в ваш кошелёк; если можно выполнить только часть, возвращается остаток. Криптосчета оплачиваются в указанной в них сети; отправленное с опозданием или в другую сеть может пропасть. Проблемы с кодом: /support.
privacy =
    <b>Конфиденциальность</b>
    Магазин хранит ваш Telegram id, имя, имя пользователя и язык, ваши заказы и движения по кошельку. Коды хранятся в зашифрованном виде, чтобы вы могли посмотреть их снова. То, что вы пишете в /support, читают сотрудники магазина. Больше никому ничего не передаётся. /forget_me удаляет сведения о вас; в учёте остаются только суммы, без вас.
paysupport = По вопросам об оплате, заказе или возврате напишите <code>/support</code>, ваш вопрос и номер заказа. Его прочитает живой человек и ответит вам здесь.
usage-support = Напишите вопрос после команды, например: <code>/support не работает код из заказа 7K2M9QXA</code>
support-sent = Спасибо. Магазин получил ваш вопрос; ответ придёт сюда.
language-choose = Выберите язык.
language-chosen = Теперь я говорю по-русски.
forget-ask =
    <b>Забыть вас?</b>
    Ваше имя, имя пользователя, язык и доступ к вашим заказам и кодам будут удалены. Сначала сохраните коды: посмотреть их снова не получится. В вашем кошельке { $balance }; от этих денег вы отказываетесь.
forget-orders-open = У вас есть незавершённые заказы. Пожалуйста, дождитесь их завершения и попробуйте снова.
forgotten = Мы вас забыли. Если напишете снова, познакомимся заново.

## The shop

shop-heading = <b>Магазин</b>
    Выберите категорию или воспользуйтесь поиском.
shop-empty = Полки ещё заполняются. Загляните, пожалуйста, через несколько минут.
category-heading = <b>{ $category }</b>
search-heading = Вот что нашлось:
search-popular = Чаще всего покупают:
search-nothing = По запросу «{ $words }» ничего не нашлось. Попробуйте меньше слов или другие слова либо посмотрите товары в магазине.
card =
    <b>{ $name }</b>
    { $category } · № { $no }

    Цена: <b>{ $price }</b>
    Наличие: { $stock }
    { $limits }
    Доставка: { $delivery }
card-total = { $quantity } × → <b>{ $total }</b>
product-unknown = Такого товара нет, или он больше не продаётся. Деньги не списаны.

## Buying

usage-buy = Вот так: <code>/buy 12</code> или <code>/buy 12 3</code> — номер товара и сколько штук. Номер подскажет /search.
quote =
    <b>{ $product }</b> × { $quantity }
    Цена за штуку: { $unit }
    Итого: <b>{ $total }</b>

    { $wallet }
    Цена действует 10 минут.
quote-wallet = Ваш кошелёк: { $balance } → { $after } после покупки.
quote-wallet-short = Ваш кошелёк: { $balance }. Этого не хватит, чтобы оплатить покупку.
quote-expired = Срок того предложения истёк, поэтому ничего не куплено и деньги не списаны. Вот цена сейчас:
quote-gone = Срок того предложения истёк, и купить товар на таких условиях уже нельзя. Деньги не списаны.
quote-cancelled = Отменено. Ничего не куплено, деньги не списаны.
choose-coin =
    <b>Оплата криптовалютой</b>
    Выберите, чем хотите заплатить. Вы получите адрес и точную сумму по цене самого поставщика.
invoice =
    Отправьте <b>ровно</b> эту сумму в этой сети:
    Сумма: <code>{ $amount }</code> { $ticker }
    Сеть: <b>{ $network }</b>
    Адрес: <code>{ $address }</code>
    Оплатить до: { $until }
invoice-checkout = Откройте страницу оплаты кнопкой и заплатите там. Оплатить до: { $until }
invoice-below = Заказ <code>{ $no }</code>: как оплатить — в сообщении ниже.
invoice-private = Заказ <code>{ $no }</code>: как оплатить, отправлено вам в личный чат.

## Orders

order-heading = <b>{ $product }</b> × { $quantity }
    Заказ <code>{ $no }</code>
order-total = Итого: { $total }
order-unknown = У вас нет такого заказа.
order-private = Коды отправляются вам в личный чат.
order-delivered = ✅ { $count ->
        [one] Доставлен { $count } код
        [few] Доставлено { $count } кода
        [many] Доставлено { $count } кодов
       *[other] Доставлено { $count } кода
    } — в личный чат со мной.
order-part = ✅ Доставлено: { $count } из { $quantity }. Больше не было, поэтому { $back } возвращено в ваш кошелёк.
order-part-paid = ✅ Доставлено: { $count } из { $quantity } — больше не было. Магазин уже знает и уладит с вами остальное.
order-expired = Время на оплату вышло. Если вы всё же заплатили, деньги не пропали: магазин узнает об этом, как только платёж появится. Если нет, деньги не списаны.
order-stuck = ⏳ Поставщик не дал ясного ответа. С этим разбирается живой человек; { $total } остаётся в резерве под этот заказ, пока вопрос не решится: придут либо коды, либо деньги обратно.
order-stuck-paid = ⏳ Поставщик не дал ясного ответа. С этим разбирается живой человек, он напишет вам сюда. Пожалуйста, не платите второй раз.
orders-heading = <b>Ваши заказы</b>
orders-none = У вас пока нет заказов.
progress-reserving = ⏳ { $total } в резерве, заказываем…
progress-ordering = ⏳ Заказываем…
progress-delivering = ⏳ Доставляем…
progress-paid = ✅ Оплачено. Готовим ваш товар…
payment-waiting = ⏳ Ждём оплату
payment-confirming = 🔎 Платёж виден, ждём подтверждения
payment-paid = ✅ Оплачено
payment-underpaid = ⚠️ Пришло меньше, чем нужно. Пожалуйста, отправьте остаток на тот же адрес, пока не вышло время; магазин уже знает.
payment-overpaid = ⚠️ Пришло больше, чем нужно. Заказ выполняется дальше; о разнице магазин уже знает.
returned-sold-out = Кто-то вас опередил: столько уже не осталось.
returned-dearer = С момента предложения цена выросла, поэтому ничего не куплено.
returned-gone = Товар больше не продаётся.
returned-unavailable = Товар сейчас недоступен, поэтому ничего не куплено. Магазин уже знает.
returned-unreachable = Заказ не удалось передать вовремя, поэтому ничего не куплено.
returned-by-admin = Магазин отменил этот заказ.
money-back = { $total } возвращено в ваш кошелёк.
money-not-taken = Деньги не списаны.

## The parcel

parcel-heading = <b>{ $product }</b> — { $count ->
        [one] { $count } код
        [few] { $count } кода
        [many] { $count } кодов
       *[other] { $count } кода
    }
    Заказ <code>{ $no }</code>
parcel-serial = Серийный номер:
parcel-see-file = Он в файле ниже, точно до последнего знака.
parcel-also-file = То же самое — в файле ниже.

## The wallet

wallet =
    <b>Ваш кошелёк</b>
    Баланс: <b>{ $balance }</b>
    В резерве под текущие заказы: { $reserved }
wallet-movements = <b>Последние операции</b>
wallet-topup = Чтобы пополнить кошелёк, напишите <code>/support</code> и как вам удобно заплатить или обратитесь прямо к администратору. Ваш номер: <code>{ $id }</code>.
movement = { $date } · <b>{ $change }</b> · { $what }

## Refusals

refused-not-for-sale = Этот товар сейчас не продаётся. Деньги не списаны.
refused-sold-out = Распродано. Деньги не списаны. Могу сообщить, когда товар снова появится.
refused-too-few = Осталось всего { $left } шт. Деньги не списаны.
refused-quantity = Количество должно быть целым числом от { $min } до { $max }. Деньги не списаны.
refused-wallet = В вашем кошельке { $balance }, а покупка стоит { $total }. Не хватает { $missing }. Деньги не списаны.
refused-payment = Этот товар так оплатить нельзя. Деньги не списаны.
refused-invoices-open = У вас уже есть неоплаченные заказы в криптовалюте. Оплатите один из них или дождитесь, пока он истечёт. Деньги не списаны.
refused-unavailable = Такая оплата сейчас недоступна. Деньги не списаны. Пожалуйста, попробуйте ещё раз через несколько минут.
codes-none-yet = В этом заказе пока нет кодов.

## News

news-back = <b>{ $name }</b> снова в продаже.
news-credited = Ваш кошелёк пополнен на { $amount }. Баланс: <b>{ $balance }</b>
news-debited = Из вашего кошелька списано { $amount }. Баланс: <b>{ $balance }</b>
news-question =
    <b>Вопрос</b> от { $name } (<code>{ $id }</code>):
    { $text }
    <i>Чтобы ответить, ответьте на это сообщение.</i>
news-answer =
    <b>Магазин отвечает:</b>
    { $text }
news-stuck =
    ⚠️ <b>Заказ { $order } ждёт решения человека</b>
    Поставщик: { $supplier }
    { $why }
    Деньги остаются в резерве, пока решение не принято.
news-supplier-refused = ⚠️ <b>{ $supplier }</b> отказывается продавать: { $why }
news-loss = ⚠️ Заказ { $order } продан в убыток: поставщик взял { $charged }, покупатель заплатил { $paid }.
news-underpaid = ⚠️ Заказ { $order }: по счёту поставщика покупатель отправил слишком мало.
news-overpaid = ⚠️ Заказ { $order }: по счёту поставщика покупатель отправил больше, чем нужно.
news-late = ⚠️ Заказ { $order }: покупатель заплатил, когда срок счёта уже истёк.

## The desk

desk =
    <b>Пульт</b>
    /topup кто сумма [заметка]
    /debit кто сумма [заметка]
    /user кто · /ban кто · /unban кто
    /stuck · /resolve order refund | deliver | retry
    /suppliers · /sync [поставщик]
    /margin процент [категория]
    /rate валюта значение
    <i>кто</i> — id пользователя, @username или ответ на сообщение этого человека.
usage-topup = Вот так: <code>/topup 123456789 10 спасибо</code> — id пользователя или @username, сумма, заметка. Или ответьте на сообщение человека: <code>/topup 10</code>.
usage-debit = Вот так: <code>/debit 123456789 10 причина</code> — id пользователя или @username, сумма, заметка. Или ответьте на сообщение человека: <code>/debit 10</code>.
usage-user = Укажите id пользователя или @username либо ответьте на сообщение этого человека.
usage-margin = Вот так: <code>/margin 12.5</code> для всего магазина, <code>/margin 8 PUBG Mobile</code> для одной категории.
usage-rate = Вот так: <code>/rate CNY 0.14</code> — сколько стоит одна единица в валюте магазина.
topup-done = ✅ Кошелёк { $who } пополнен на { $amount }. Баланс: <b>{ $balance }</b>
debit-done = ✅ Из кошелька { $who } списано { $amount }. Баланс: <b>{ $balance }</b>
undone = ↩️ Отменено: { $amount }, кошелёк { $who }. Баланс: <b>{ $balance }</b>
ban-done = { $who } — доступ закрыт.
unban-done = { $who } — доступ снова открыт.
user =
    { $who }
    Баланс: <b>{ $balance }</b>, в резерве: { $reserved }
    Язык: { $language } · на связи: { $reachable } · заблокирован: { $banned }
answer-sent = Отправлено покупателю.
desk-nobody = Я не знаю этого человека. По id пользователя можно указать и того, кто здесь ещё не был.
desk-bad-amount = Такую сумму провести нельзя. Она должна быть больше нуля, в { $currency }, и знаков после точки не больше, чем у этой валюты, например <code>12.50</code>.
desk-wallet-small = В кошельке только { $balance }. Ничего не изменено.
desk-not-undoable = Это нельзя отменить: такой операции нет, или деньги уже потрачены.
desk-no-supplier = Такой поставщик не подключён. Есть: { $names }
desk-bad-percent = Нужен процент от -50 до 1000.
desk-no-category = Такой категории нет. Все категории — в /shop.
desk-bad-rate = Такой курс не подходит. Укажите валюту, отличную от { $currency }, и положительное число, например <code>/rate CNY 0.14</code>.
desk-supplier-failed = каталог не получен: { $why }
suppliers-none = Ни один поставщик не подключён. Подключить его можно настройками KIOSK_SUPPLIER__…
stuck-none = Ни один заказ не ждёт решения человека.
stuck =
    <b>{ $order }</b>: { $what }, { $total }
    { $supplier }, его номер заказа: { $reference } · сохранено кодов: { $kept }
    { $why }
usage-resolve = Решите: <code>/resolve заказ refund</code> (деньги вернутся), <code>/resolve заказ deliver</code> (сохранённые коды уйдут покупателю) или <code>/resolve заказ retry</code> (поставщика спросят ещё раз).
resolve-done = ✅ Заказ { $order }: { $state }.
desk-not-stuck = Заказ с таким номером не ждёт решения человека.
desk-nothing-kept = Для этого заказа не сохранено кодов, доставлять нечего.
supplier =
    <b>{ $name }</b>: { $reach }
    Средства: { $funds } · товары: { $products } · { $refreshed }
    Текущие заказы: { $orders } · { $breaker }
supplier-refresh-failed = ⚠️ Последнее обновление не удалось: { $why }
supplier-no-rate = ⚠️ Для его валюты нет курса, поэтому его товары не продаются. Курс задаёт /rate.
sync-started = Обновляем…
sync-done = <b>{ $name }</b>: всего { $listed }, новых { $new }, изменилось { $changed }, исчезло { $gone }
sync-finished = ✅ Готово.
margin-done = ✅ Наценка теперь { $percent }. Цены меняются сразу; открытые предложения сохраняют прежние.
margin-category-done = ✅ Наценка в категории { $category } теперь { $percent }. Цены меняются сразу; открытые предложения сохраняют прежние.
rate-done = ✅ Теперь 1 { $from } = { $value } { $to }. Цены меняются сразу; открытые предложения сохраняют прежние.

## Buttons, toasts and short words: plain text

button-back = Назад
button-buy = Купить
button-cancel = Отмена
button-codes = Показать коды
button-copy-address = Копировать адрес
button-copy-amount = Копировать сумму
button-forget = Да, забыть меня
button-language-own = Как в Telegram
button-new-quote = Новая цена
button-not-yours = Это не ваше.
button-open = Открыть в магазине
button-open-checkout = К оплате
button-open-private = В личный чат
button-orders = Мои заказы
button-pay-crypto = Криптовалютой
button-pay-wallet = Из кошелька
button-search = Поиск
button-see-product = К товару
button-shop = Магазин
button-suppliers = Поставщики
button-sync = Обновить всё
button-try-again = Ещё раз
button-undo = Отменить
button-unknown = Эта кнопка больше не работает.
button-wallet = Кошелёк
button-watch = Сообщить о поступлении
watch-noted = Сообщу, когда товар снова появится.
product-unknown-toast = Этот товар больше не продаётся.
cancel-too-late = Поздно: это предложение уже оплачено.
codes-none = В этом заказе пока нет кодов.
codes-sent-privately = Отправлено вам в личный чат.
codes-start-first = Сначала начните личный чат со мной, затем нажмите ещё раз.
category-other = Другое
card-limits = В одном заказе: от { $min } до { $max }
stock-left = { $count ->
    [one] осталась { $count } штука
    [few] осталось { $count } штуки
    [many] осталось { $count } штук
   *[other] осталось { $count } штуки
}
stock-plenty = много
stock-out = распродано
not-for-sale = сейчас не продаётся
not-for-sale-short = не продаётся
delivery-at-once = сразу
delivery-minutes = обычно в течение минуты
delivery-confirmed = после подтверждения платежа
way-wallet = Кошелёк
yes = да
no = нет
state-reserved = в резерве
state-submitted = заказываем
state-awaiting-payment = ждёт оплаты
state-fulfilled = доставляем
state-delivered = доставлен
state-returned = отменён, деньги возвращены
state-expired = не оплачен вовремя
state-stuck = разбираемся
movement-topup = пополнение
movement-debit = списание
movement-reserve = покупка
movement-void = возврат денег
movement-refund = возмещение
movement-sale = продажа
stuck-no-answer = На покупку не пришло ответа, и уточнить у поставщика нельзя. Продажа могла состояться, а могла и нет.
stuck-garbled = Ответ на покупку не удаётся прочитать. Продажа могла состояться, а могла и нет.
stuck-not-found = У поставщика нет заказа, который мог бы быть этим.
stuck-ambiguous = У поставщика несколько заказов, которые могли бы быть этим.
stuck-miscounted = Количество кодов не сходится с заказом или с числом, которое назвал сам поставщик. Коды сохранены в зашифрованном виде.
stuck-paid-late = Покупатель заплатил, когда срок счёта уже истёк.
stuck-paid-and-cancelled = Поставщик отменил заказ, за который покупатель уже заплатил.
reason-no-funds = там у нас слишком мало средств
reason-frozen = наш счёт там заморожен
reason-unauthorized = наш ключ там не принимают
reason-other = отказ
supplier-reachable = на связи
supplier-unreachable = нет связи
funds-not-used = не используются
funds-frozen = заморожены
funds-unknown = неизвестно
breaker-closed = линия работает
breaker-open = линия временно отключена после сбоев
breaker-half-open = линия проверяется снова
refreshed-never = ещё не обновлялся
refreshed-ago = обновлён { $minutes ->
    [one] { $minutes } минуту назад
    [few] { $minutes } минуты назад
    [many] { $minutes } минут назад
   *[other] { $minutes } минуты назад
}
menu-shop = Все товары
menu-search = Найти товар
menu-wallet = Баланс и пополнение
menu-orders = Ваши заказы и коды
menu-buy = Купить по номеру
menu-language = Выбрать язык
menu-support = Написать в магазин
menu-help = Как это работает
menu-admin = Для администраторов
