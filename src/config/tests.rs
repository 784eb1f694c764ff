use super::*;
use crate::money::{Currency, Percent};
use crate::secret::ExposeSecret;
use crate::world::SystemEntropy;

static SUPPLIER: SectionSpec = SectionSpec {
    path: "supplier.one4all",
    keys: &[
        Key { name: "api_key", default: None, secret: true, meaning: "from its site", example: "sk-1" },
        Key { name: "per_10s", default: Some("5"), secret: false, meaning: "purchases", example: "5" },
    ],
};

const HUSH: &str = "HUSH-HUSH";

fn load(sources: &Sources) -> Result<Settings, SettingsError> {
    Settings::load(sources, &[&SUPPLIER])
}

fn env(pairs: &[(&str, &str)]) -> Result<Settings, SettingsError> {
    load(&Sources::from_map(pairs.iter().copied()))
}

fn toml(text: &str) -> Result<Settings, SettingsError> {
    load(&Sources::default().with_toml(text))
}

/// The only problem of settings that must not load.
fn problem(result: Result<Settings, SettingsError>) -> String {
    let error = result.expect_err("these settings must be refused");
    assert_eq!(error.problems().len(), 1, "{error}");
    error.to_string()
}

#[test]
fn nothing_at_all_is_enough_to_start_with() {
    let settings = env(&[]).unwrap();
    assert_eq!(settings.telegram.api_url, "https://api.telegram.org");
    assert_eq!(settings.database.url.expose(), "sqlite://kiosk.db");
    assert_eq!(settings.http.listen, "127.0.0.1:8080".parse().unwrap());
    assert_eq!(settings.shop.currency, Currency::Usdt);
    assert_eq!(settings.shop.margin, Percent::parse("10").unwrap());
    assert_eq!(settings.log, "info");
    assert!(settings.shop.admins.is_empty() && settings.shop.rates.is_empty());
    assert!(settings.section("supplier.one4all").is_none());
    let token = settings.require_token().unwrap_err().to_string();
    assert!(token.contains("KIOSK_TELEGRAM__TOKEN") && token.contains("@BotFather"), "{token}");
    let keys = settings.require_keyring().unwrap_err().to_string();
    assert!(keys.contains("KIOSK_VAULT__KEYS") && keys.contains("kiosk key"), "{keys}");
}

#[test]
fn every_setting_is_read() {
    let ring = KeyRing::generate(&SystemEntropy);
    let settings = env(&[
        ("KIOSK_TELEGRAM__TOKEN", "1:a"),
        ("KIOSK_TELEGRAM__API_URL", "http://127.0.0.1:9000/"),
        ("KIOSK_TELEGRAM__WEBHOOK_URL", "https://shop.example.org/"),
        ("KIOSK_DATABASE__URL", "postgres://kiosk:pw@db/kiosk"),
        ("KIOSK_VAULT__KEYS", ring.as_str()),
        ("KIOSK_HTTP__LISTEN", "[::]:80"),
        ("KIOSK_SHOP__ADMINS", " 1, 22 ,1,"),
        ("KIOSK_SHOP__CURRENCY", "usd"),
        ("KIOSK_SHOP__MARGIN_PERCENT", "12.5%"),
        ("KIOSK_SHOP__RATES", "CNY=0.14, DZD=0.0074"),
        ("KIOSK_LOG", "warn,kiosk=debug"),
        ("KIOSK_SUPPLIER__ONE4ALL__API_KEY", "sk"),
        ("HOME", "/"),
        ("KIOSK_TEST_POSTGRES_URL", "whatever"),
        ("KIOSK_SERVICE_HOST", "10.0.0.1"),
        ("KIOSK_PORT", "tcp://10.0.0.1:80"),
        ("KIOSK_PORT_80_TCP_ADDR", "10.0.0.1"),
    ])
    .unwrap();
    assert_eq!(settings.telegram.api_url, "http://127.0.0.1:9000");
    assert_eq!(settings.telegram.webhook_url.as_deref(), Some("https://shop.example.org"));
    assert_eq!(settings.shop.admins.iter().map(|id| id.0).collect::<Vec<_>>(), [1, 22]);
    let rates: Vec<String> =
        settings.shop.rates.iter().map(|r| format!("{}={}>{}", r.from(), r.value(), r.to())).collect();
    assert_eq!(rates, ["CNY=0.14>USD", "DZD=0.0074>USD"]);
    assert_eq!(settings.log, "warn,kiosk=debug");
    assert!(settings.require_token().is_ok() && settings.require_keyring().is_ok());
    let section = settings.section("supplier.one4all").unwrap();
    assert_eq!(section.secret("api_key").unwrap().expose_secret(), "sk");
    assert_eq!(section.parsed::<u32>("per_10s"), Ok(Some(5)));
}

#[test]
fn the_stronger_source_wins_and_blank_hides_nothing() {
    let toml = "log = \"error\"\n[shop]\nmargin_percent = 1\ncurrency = \"CNY\"\nadmins = [7, \"8\"]";
    let dotenv = "KIOSK_SHOP__MARGIN_PERCENT=2\nKIOSK_LOG='warn'\nOTHER=1\n";
    let env = [("KIOSK_SHOP__MARGIN_PERCENT", "3"), ("KIOSK_SHOP__CURRENCY", "  ")];
    let settings = load(&Sources::from_map(env).with_dotenv(dotenv).with_toml(toml)).unwrap();
    assert_eq!(settings.shop.margin.to_string(), "3%");
    assert_eq!(settings.log, "warn");
    assert_eq!(settings.shop.currency, Currency::Cny);
    assert_eq!(settings.shop.admins.len(), 2);
}

#[test]
fn a_value_may_stand_in_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    let path = path.to_str().unwrap();
    let file = [("KIOSK_TELEGRAM__TOKEN_FILE", path)];
    assert!(problem(env(&file)).contains("KIOSK_TELEGRAM__TOKEN_FILE"));
    std::fs::write(path, " \n").unwrap();
    assert!(problem(env(&file)).contains("empty"));
    std::fs::write(path, "1:abc\n").unwrap();
    assert_eq!(env(&file).unwrap().require_token().unwrap().expose_secret(), "1:abc");
    let by_toml = toml(&format!("telegram.token_file = {path:?}")).unwrap();
    assert_eq!(by_toml.require_token().unwrap().expose_secret(), "1:abc");

    let both = problem(env(&[("KIOSK_TELEGRAM__TOKEN", "1:a"), file[0]]));
    assert!(both.contains("KIOSK_TELEGRAM__TOKEN and KIOSK_TELEGRAM__TOKEN_FILE"), "{both}");
    let over = load(
        &Sources::from_map([("KIOSK_TELEGRAM__TOKEN", "2:b")]).with_toml(&format!("[telegram]\ntoken_file = {path:?}")),
    )
    .unwrap();
    assert_eq!(over.require_token().unwrap().expose_secret(), "2:b");
    std::fs::write(path, "x".repeat(70_000)).unwrap();
    assert!(problem(env(&file)).contains("too large"));
}

#[test]
fn a_typo_is_answered_with_the_nearest_name_in_the_same_notation() {
    for (wrong, right) in [
        ("KIOSK_TELEGRAM_TOKEN", "KIOSK_TELEGRAM__TOKEN?"),
        ("KIOSK_TELEGRAM__TOKNE_FILE", "KIOSK_TELEGRAM__TOKEN_FILE?"),
        ("KIOSK_SUPPLIER__ONE4AL__API_KEY", "KIOSK_SUPPLIER__ONE4ALL__API_KEY?"),
        ("KIOSK_shop__admins", "KIOSK_SHOP__ADMINS?"),
        ("KIOSK_LOG_FILE", "KIOSK_LOG?"),
        ("KIOSK_PORT", "KIOSK_"),
    ] {
        let text = problem(env(&[(wrong, HUSH)]));
        assert!(text.starts_with(wrong) && text.contains(right) && !text.contains(HUSH), "{text}");
    }
    let text = problem(toml("[supplier.one4all]\napi_kye = \"HUSH-HUSH\""));
    assert!(text.contains("did you mean supplier.one4all.api_key?") && !text.contains(HUSH), "{text}");
    let text = problem(load(&Sources::default().with_dotenv("KIOSK_SHOP__ADMIN=1")));
    assert!(text.contains(".env") && text.contains("KIOSK_SHOP__ADMINS?"), "{text}");
}

#[test]
fn problems_are_reported_together() {
    let error = env(&[
        ("KIOSK_HTTP__LISTEN", "localhost"),
        ("KIOSK_SHOP__CURRENCY", "EUR"),
        ("KIOSK_SHOP__MARGIN_PERCENT", "99999999999999999999999999999999999999"),
        ("KIOSK_SHOP__ADMINS", "@me"),
        ("KIOSK_TELEGRAM__WEBHOOK_URL", "shop.example.org"),
        ("KIOSK_DATABASE__URL", "mysql://x"),
        ("KIOSK_LOG", "a=b=c"),
        ("KIOSK_NONSENSE", "1"),
    ])
    .unwrap_err();
    assert_eq!(error.problems().len(), 8, "{error}");
    for line in error.problems() {
        assert!(line.starts_with("KIOSK_") && !line.contains('\n'), "{line}");
        assert!(line.contains("; for example KIOSK_") || line.contains("did you mean"), "{line}");
    }
}

#[test]
fn rates_and_admins_are_read_strictly() {
    for bad in ["CNY", "CNY=", "CNY=0", "CNY=-1", "CNY=1e3", "XYZ=1", "USDT=1", "CNY=1,CNY=2", "CNY=0,14"] {
        assert!(problem(env(&[("KIOSK_SHOP__RATES", bad)])).contains("KIOSK_SHOP__RATES"), "{bad}");
    }
    let huge = format!("CNY={}", "9".repeat(400));
    assert!(problem(env(&[("KIOSK_SHOP__RATES", &huge)])).len() < 300);
    for bad in ["0", "-100123", "99999999999999999999", "1;2", "1.5"] {
        assert!(env(&[("KIOSK_SHOP__ADMINS", bad)]).is_err(), "{bad}");
    }
    assert!(
        problem(env(&[("KIOSK_SUPPLIER__ONE4ALL__PER_10S", "1"), ("KIOSK_SHOP__RATES", "CNY=x")])).contains("rate")
    );
}

#[test]
fn a_section_names_its_own_problems() {
    let settings = toml("[supplier.one4all]\nper_10s = \"many\"").unwrap();
    let section = settings.section("supplier.one4all").unwrap();
    let text = section.parsed::<u32>("per_10s").unwrap_err().to_string();
    assert!(text.starts_with("supplier.one4all.per_10s") && text.contains("\"many\""), "{text}");
    let text = section.required("api_key").unwrap_err().to_string();
    assert!(text.contains("KIOSK_SUPPLIER__ONE4ALL__API_KEY is not set"), "{text}");
    let settings = env(&[("KIOSK_SUPPLIER__ONE4ALL__API_KEY", HUSH)]).unwrap();
    let section = settings.section("supplier.one4all").unwrap();
    assert!(!section.parsed::<u32>("api_key").unwrap_err().to_string().contains(HUSH));
}

#[test]
fn toml_values_stay_exact_or_are_refused() {
    for bad in ["margin_percent = 12.5", "rates = [0.14]", "margin_percent = 1e3", "margin_percent = inf"] {
        assert!(problem(toml(&format!("[shop]\n{bad}"))).contains("quotes"), "{bad}");
    }
    assert!(problem(toml("shop.admins = 2026-01-01")).contains("quotes"));
    assert!(problem(toml("shop.admins = [[1]]")).contains("list"));
    assert!(problem(toml("shop.admins = [{a = 1}]")).contains("list"));
    assert!(problem(toml("shop.admins = 99999999999999999999")).contains("line 1"));
    assert!(toml("shop.rates = [\"CNY=0.14\", \"DZD=0.0074\"]").is_ok_and(|s| s.shop.rates.len() == 2));
    assert!(problem(toml("shop.rates.cny = \"0.14\"")).contains("shop.rates?"));
}

#[test]
fn no_secret_is_ever_shown() {
    let ring = KeyRing::generate(&SystemEntropy);
    let url = format!("postgres://kiosk:{HUSH}@db/kiosk?password={HUSH}");
    let good = [
        ("KIOSK_TELEGRAM__TOKEN", HUSH),
        ("KIOSK_SUPPLIER__ONE4ALL__API_KEY", HUSH),
        ("KIOSK_DATABASE__URL", &url),
        ("KIOSK_VAULT__KEYS", ring.as_str()),
    ];
    let settings = env(&good).unwrap();
    let shown = format!("{settings:?} {:#?} {:?}", settings, Sources::from_map(good));
    assert!(!shown.contains(HUSH) && !shown.contains(ring.as_str()), "{shown}");
    assert_eq!(settings.database.url.redacted(), "postgres://…@db/kiosk?…");

    let mut errors = Vec::new();
    for (name, value) in [
        ("KIOSK_TELEGRAM__TOKEN", "HUSH-HUSH and more"),
        ("KIOSK_TELEGRAM__API_URL", "ftp://me:HUSH-HUSH@host"),
        ("KIOSK_DATABASE__URL", "mysql://me:HUSH-HUSH@host"),
        ("KIOSK_VAULT__KEYS", "a:HUSH-HUSH"),
    ] {
        errors.push(problem(env(&[(name, value)])));
    }
    for text in [
        "telegram.token = HUSH-HUSH",
        "telegram.token = \"HUSH-HUSH",
        "telegram.token = \"HUSH-HUSH\"\ntelegram.token = \"HUSH-HUSH\"",
        "[telegram]\ntoken = \"HUSH-HUSH\" x",
        "telegram = \"HUSH-HUSH\"",
    ] {
        errors.push(problem(toml(text)));
    }
    errors.push(problem(load(&Sources::default().with_dotenv("KIOSK_TELEGRAM__TOKEN=HUSH-HUSH and more"))));
    for error in errors {
        assert!(!error.contains("HUSH"), "{error}");
    }
}

#[test]
fn an_ambiguous_password_hides_the_whole_address() {
    for (url, shown) in [
        ("sqlite://kiosk.db", "sqlite://kiosk.db"),
        ("postgres://u:p@x@h/db", "postgres://…@h/db"),
        ("postgres://u:p?w@h/db", "postgres://…"),
        ("postgres://h/db?password=a@b", "postgres://…"),
    ] {
        assert_eq!(without_userinfo(url), shown);
    }
}

#[test]
fn the_table_lists_every_variable() {
    let table = Settings::table(&[&SUPPLIER]);
    for line in [
        "| `KIOSK_TELEGRAM__TOKEN` | – | from @BotFather |",
        "| `KIOSK_DATABASE__URL` | `sqlite://kiosk.db` | or",
        "| `KIOSK_LOG` | `info` |",
        "| `KIOSK_SUPPLIER__ONE4ALL__PER_10S` | `5` | purchases |",
    ] {
        assert!(table.contains(line), "{line}\n{table}");
    }
}
