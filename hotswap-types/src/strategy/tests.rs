use super::*;

#[test]
fn shares_rise_and_are_below_one() {
    for (shares, wanted) in [
        (vec![], Some("there is no share")),
        (vec![0.0], Some("0 is not above 0 and below 1")),
        (vec![0.1, 0.1], Some("0.1 is not above 0.1 and below 1")),
        (vec![0.5, 1.0], Some("1 is not above 0.5 and below 1")),
        (vec![f64::NAN], Some("NaN is not above 0 and below 1")),
        (
            (1..=101).map(|n| f64::from(n) / 128.0).collect(),
            Some("there are 101 shares, and 100 are the most"),
        ),
        (vec![0.01, 0.1, 0.5], None),
    ] {
        assert_eq!(Strategy::gradual(shares).mistake().as_deref(), wanted);
    }
    assert_eq!(Strategy::parallel().mistake(), None);
}

#[test]
fn a_plan_has_it_in_words() {
    for (strategy, wanted) in [
        (Strategy::smooth(), "smooth: all calls at once"),
        (Strategy::gradual([0.07, 0.5]), "gradual: 7 %, 50 % of the calls, then all"),
        (
            Strategy::parallel().with_manual_promotion(),
            "parallel: previews alone, then all calls, each step ended by hand",
        ),
    ] {
        assert_eq!(strategy.to_string(), wanted);
    }
}

#[test]
fn each_share_is_a_step() {
    assert_eq!(Strategy::gradual([0.25, 0.5]).steps(), [0.25, 0.5]);
    assert_eq!(Strategy::parallel().steps(), [0.0]);
    assert!(Strategy::smooth().steps().is_empty());
}

#[test]
fn a_text_is_a_strategy_or_an_error_that_names_what_is_wrong() {
    for (text, wanted) in [
        ("smooth", Strategy::smooth()),
        (" parallel ", Strategy::parallel()),
        ("gradual=7", Strategy::gradual([0.07])),
        ("gradual=0.5, 10,50", Strategy::gradual([0.005, 0.1, 0.5])),
    ] {
        assert_eq!(text.parse(), Ok(wanted), "{text}");
    }
    for (text, wanted) in [
        ("", ""),
        ("slow", ""),
        ("smooth=1", ""),
        ("gradual", ""),
        ("gradual=", ": \"\" is no number"),
        ("gradual=1,x\u{1b}[1m", ": \"x\\u{1b}[1m\" is no number"),
        ("gradual=0", ": 0 is not above 0 and below 100"),
        ("gradual=50,10", ": 10 is not above 50 and below 100"),
        ("gradual=50,100", ": 100 is not above 50 and below 100"),
        ("gradual=NaN", ": NaN is not above 0 and below 100"),
        ("gradual=inf", ": inf is not above 0 and below 100"),
    ] {
        let error = text.parse::<Strategy>().unwrap_err().to_string();
        let wanted = format!("such as gradual=1,10,50; found {text:?}{wanted}");
        assert!(error.ends_with(&wanted), "{error}");
    }
    let long = "gradual=".to_owned() + &"9".repeat(1 << 16);
    assert!(long.parse::<Strategy>().unwrap_err().to_string().len() < 600);
}

#[test]
fn json_is_read_as_it_was_written() {
    let day = Duration::from_secs(86_400);
    for (strategy, text) in [
        (Strategy::smooth(), r#"{"kind":"smooth"}"#),
        (Strategy::parallel(), r#"{"kind":"parallel"}"#),
        (Strategy::gradual([0.01, 0.5]), r#"{"kind":"gradual","shares":[0.01,0.5]}"#),
        (
            Strategy::parallel().with_manual_promotion().with_deadline(day),
            r#"{"kind":"parallel","manual_promotion":true,"deadline_ms":86400000}"#,
        ),
    ] {
        assert_eq!(serde_json::to_string(&strategy).unwrap(), text);
        assert_eq!(serde_json::from_str::<Strategy>(text).unwrap(), strategy);
    }
    let endless = Strategy::parallel().with_deadline(Duration::MAX);
    for text in [
        serde_json::to_string(&endless).unwrap(),
        format!(r#"{{"kind":"parallel","deadline_ms":{}}}"#, u64::MAX),
    ] {
        assert_eq!(serde_json::from_str::<Strategy>(&text).unwrap(), endless);
    }
    // The last share before 1, and two that are next to each other, stay what they are.
    let close = Strategy::gradual([0.1f64.next_down(), 0.1, 1f64.next_down()]);
    let text = serde_json::to_string(&close).unwrap();
    assert_eq!(serde_json::from_str::<Strategy>(&text).unwrap(), close, "{text}");
}

#[test]
fn what_is_no_strategy_is_an_error_that_names_it() {
    for (text, wanted) in [
        (r#"{"kind":"gradual"}"#, "there is no share"),
        (r#"{"kind":"gradual","shares":[]}"#, "there is no share"),
        (r#"{"kind":"gradual","shares":[0.5,0.1]}"#, "0.1 is not above 0.5 and below 1"),
        (r#"{"kind":"gradual","shares":[10]}"#, "10 is not above 0 and below 1"),
        (r#"{"kind":"gradual","shares":[-0.5]}"#, "-0.5 is not above 0 and below 1"),
        (r#"{"kind":"gradual","shares":[1e999]}"#, "number out of range"),
        (r#"{"kind":"gradual","shares":[null]}"#, "invalid type: null"),
        (r#"{"kind":"smooth","shares":[0.5]}"#, "of a gradual strategy alone"),
        (r#"{"kind":"parallel","deadline_ms":-1}"#, "expected u64"),
        (r#"{"kind":"slow"}"#, "unknown variant `slow`"),
        (r#"{"kind":"smooth","more":1}"#, "unknown field `more`"),
        (r#""smooth""#, "invalid type"),
    ] {
        let error = serde_json::from_str::<Strategy>(text).unwrap_err().to_string();
        assert!(error.contains(wanted), "{text}: {error}");
    }
}
