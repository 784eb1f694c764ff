use super::*;

/// Names, category, popularity, available.
const SHELF: &[(&[&str], &str, u32, bool)] = &[
    (&["Netflix Premium 1 month", "奈飞会员"], "Streaming", 50, true),
    (&["Prémium Spotify 12 months"], "Streaming", 40, true),
    (&["WeChat account", "微信账号"], "Accounts", 30, true),
    (&["Gmail old account", "谷歌 Gmail 老邮箱 2018"], "Mail", 90, true),
    (&["PUBG Mobile 60 UC"], "Games", 20, true),
    (&["PUBG Mobile 600 UC"], "Games", 80, true),
    (&["Steam gift card 100 USD"], "Games", 70, false),
    (&["Steam gift card 100 USD EU"], "Games", 10, true),
    (&["بطاقة آيتونز أمريكي", "iTunes"], "بطاقات", 15, true),
    (&["Телеграм Премиум", "Telegram Premium"], "Подписки", 60, true),
    (&["Xbox GamePass Ultimate"], "Games", 5, true),
    (&["Network tools"], "Software", 1, true),
];

fn shelf() -> Index {
    Index::build((0..).zip(SHELF).map(|(id, (names, category, popularity, available))| Entry {
        id,
        names: names.to_vec(),
        categories: vec![category],
        popularity: *popularity,
        available: *available,
    }))
}

fn names(query: &str) -> Vec<&'static str> {
    let found = shelf().search(query, 50, 0);
    found.into_iter().map(|id| SHELF[usize::try_from(id).unwrap()].0[0]).collect()
}

#[test]
fn the_right_product_comes_first() {
    for (query, first) in [
        ("netflix", "Netflix Premium 1 month"),
        ("NETFLIX", "Netflix Premium 1 month"),
        ("netflx", "Netflix Premium 1 month"),
        ("netlfix", "Netflix Premium 1 month"),
        ("net", "Netflix Premium 1 month"),
        ("n", "Netflix Premium 1 month"),
        ("netflixpremium", "Netflix Premium 1 month"),
        ("spotfy premum", "Prémium Spotify 12 months"),
        ("premium spotify", "Prémium Spotify 12 months"),
        ("微信", "WeChat account"),
        ("微信号", "WeChat account"),
        ("信账", "WeChat account"),
        ("账", "WeChat account"),
        ("号", "WeChat account"),
        ("邮箱", "Gmail old account"),
        ("谷歌邮箱", "Gmail old account"),
        ("ｇｍａｉｌ", "Gmail old account"),
        ("60 uc", "PUBG Mobile 60 UC"),
        ("60uc", "PUBG Mobile 60 UC"),
        ("pubg 60", "PUBG Mobile 60 UC"),
        ("600", "PUBG Mobile 600 UC"),
        ("ايتونز", "بطاقة آيتونز أمريكي"),
        ("بطاقه", "بطاقة آيتونز أمريكي"),
        ("أمريكى", "بطاقة آيتونز أمريكي"),
        ("\u{200f}آيتــونز", "بطاقة آيتونز أمريكي"),
        ("телеграмм", "Телеграм Премиум"),
        ("тлеграм премум", "Телеграм Премиум"),
        ("pass", "Xbox GamePass Ultimate"),
        ("game pass", "Xbox GamePass Ultimate"),
        ("netwrok", "Network tools"),
    ] {
        assert_eq!(names(query).first(), Some(&first), "{query}: {:?}", names(query));
    }
}

#[test]
fn what_can_be_bought_comes_first_then_what_is_popular() {
    assert_eq!(names("100"), ["Steam gift card 100 USD EU", "Steam gift card 100 USD"]);
    assert_eq!(names("pubg"), ["PUBG Mobile 600 UC", "PUBG Mobile 60 UC"]);
    let everything = names("");
    assert_eq!(everything.len(), SHELF.len());
    assert_eq!(everything.first(), Some(&"Gmail old account"));
    assert_eq!(everything.last(), Some(&"Steam gift card 100 USD"));
    assert_eq!(names(" \u{200f}\t"), everything);
}

#[test]
fn exact_comes_before_beginning_before_typo_and_names_before_categories() {
    let index = Index::build([("stream", "", 1), ("streaming", "", 2), ("strean", "", 3), ("x", "stream", 4)].map(
        |(name, category, popularity)| Entry {
            id: popularity,
            names: vec![name],
            categories: vec![category],
            popularity,
            available: true,
        },
    ));
    assert_eq!(index.search("stream", 9, 0), [1, 2, 4]);
    assert_eq!(index.search("streams", 9, 0), [1, 2, 3, 4]);
}

#[test]
fn all_words_count_and_nonsense_finds_nothing() {
    assert_eq!(names("steam eu"), ["Steam gift card 100 USD EU", "Steam gift card 100 USD"]);
    assert_eq!(names("spotify premium"), ["Prémium Spotify 12 months"]);
    assert_eq!(names("netflix cheap").first(), Some(&"Netflix Premium 1 month"));
    for nonsense in ["qwxzkj", "zzzz net", "🎁🎁", "--", "9999", "你好世界", "жжжжжж", "12345678901234567890"]
    {
        assert_eq!(names(nonsense), Vec::<&str>::new(), "{nonsense}");
    }
}

#[test]
fn pages_follow_each_other() {
    let index = shelf();
    for query in ["", "premium", "games"] {
        let all = index.search(query, 100, 0);
        let pages: Vec<u32> = (0..100).step_by(2).flat_map(|offset| index.search(query, 2, offset)).collect();
        assert_eq!(pages, all, "{query}");
    }
    assert!(index.search("premium", 0, 0).is_empty());
    assert!(index.search("premium", usize::MAX, usize::MAX).is_empty());
    assert!(Index::default().search("premium", 10, 0).is_empty() && Index::default().search("", 10, 0).is_empty());
}

#[test]
fn hostile_queries_are_cheap_and_harmless() {
    let index = shelf();
    let many_words = (0..5_000).map(|n| format!("w{n}")).collect::<Vec<_>>().join(" ");
    for query in [
        " ".repeat(10_000),
        "a".repeat(10_000),
        "ﷺ".repeat(10_000),
        "e\u{301}".repeat(10_000),
        "\u{202e}".repeat(10_000),
        "微".repeat(10_000),
        "\u{0}\u{ffff}\u{10ffff}".repeat(3_000),
        many_words,
    ] {
        let _ = index.search(&query, 50, 0);
    }
}

proptest::proptest! {
    #[test]
    fn any_query_is_answered_with_different_products(query in ".{0,300}", limit in 0_usize..20) {
        let mut found = shelf().search(&query, limit, 0);
        proptest::prop_assert!(found.len() <= limit);
        let count = found.len();
        found.sort_unstable();
        found.dedup();
        proptest::prop_assert_eq!(found.len(), count);
    }
}

/// A catalogue like a large shop's, the same every time.
fn large(products: u32) -> Index {
    let brands = "Netflix Spotify Steam PlayStation Xbox Nintendo Telegram Discord Windows Office Gmail Outlook \
        Facebook Instagram TikTok YouTube Amazon Apple Google Adobe Canva NordVPN Surfshark Valorant Roblox";
    let kinds = "Premium Family Account Gift Card Key Subscription Aged Verified Personal Business Ultimate";
    let chinese = ["奈飞", "微信", "邮箱", "账号", "会员", "礼品卡", "谷歌", "老号", "月卡", "充值", "独享", "共享"];
    let (brands, kinds): (Vec<&str>, Vec<&str>) = (brands.split(' ').collect(), kinds.split(' ').collect());
    let mut seed = 7_u32;
    let mut random = move |below: usize| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        at(seed >> 8).checked_rem(below).unwrap_or(0)
    };
    let texts: Vec<[String; 2]> = (0..products)
        .map(|n| {
            let (a, b, c) = (random(brands.len()), random(kinds.len()), random(chinese.len()));
            let made_up: String = (0..7).filter_map(|_| ('a'..='z').nth(random(26))).collect();
            let english = format!("{} {} {made_up} {} months #{n}", brands[a], kinds[b], random(36));
            [english, format!("{}{}{} {}", chinese[c], chinese[random(12)], chinese[random(12)], brands[a])]
        })
        .collect();
    Index::build((0..).zip(&texts).map(|(id, [english, other])| Entry {
        id,
        names: vec![english, other],
        categories: vec!["Games and streaming", "游戏"],
        popularity: id % 1000,
        available: id % 5 != 0,
    }))
}

/// Run with `cargo test --release --lib search -- --ignored --nocapture`.
#[test]
#[ignore = "a measurement"]
#[expect(clippy::disallowed_methods, reason = "measures real time")]
fn speed_and_size() {
    for products in [20_000, 50_000] {
        let begin = std::time::Instant::now();
        let index = large(products);
        println!("{products} products: built in {:?}, {} KiB", begin.elapsed(), index.bytes() / 1024);
        let long =
            "premuim acount netflx subscrption veriefied persnal bussiness ultimat famliy gfit crad kye".repeat(3);
        let queries = [
            "netflx",
            "netlfix",
            "微信",
            "邮箱",
            "谷歌邮箱",
            "账",
            "n",
            "ne",
            "net",
            "spotfy premum",
            "60 uc",
            "100",
            "telegarm premium acc",
            "steam gift card 12 months",
            "games",
            "premium",
            "qwxzkjv",
            "",
            &long,
        ];
        for query in queries {
            let mut times: Vec<std::time::Duration> = (0..300)
                .map(|_| {
                    let begin = std::time::Instant::now();
                    std::hint::black_box(index.search(query, 50, 0));
                    begin.elapsed()
                })
                .collect();
            times.sort_unstable();
            let shown: String = query.chars().take(30).collect();
            println!("{shown:32} median {:>10.1?}  p99 {:>10.1?}", times[150], times[297]);
        }
    }
}
