use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Both {
    #[serde(with = "super::maybe_millis")]
    took: Option<Duration>,
    #[serde(with = "super::time")]
    at: SystemTime,
}

#[test]
fn durations_are_milliseconds_and_times_those_since_1970() {
    let at = SystemTime::UNIX_EPOCH + Duration::from_millis(7);
    let both = Both { took: Some(Duration::from_nanos(1_211_301)), at };
    let text = serde_json::to_string(&both).unwrap();
    assert_eq!(text, r#"{"took":1.211301,"at":7}"#);
    assert_eq!(serde_json::from_str::<Both>(&text).unwrap(), both);
    for long in [Duration::from_secs(1 << 32), Duration::MAX] {
        let text = serde_json::to_string(&Both { took: Some(long), at }).unwrap();
        let read = serde_json::from_str::<Both>(&text).unwrap().took.unwrap();
        assert!(read >= long - Duration::from_millis(1), "{read:?}");
    }
}

#[test]
fn what_no_clock_can_tell_is_no_panic() {
    let read = |text: &str| serde_json::from_str::<Both>(text);
    assert_eq!(read(r#"{"took":1e300,"at":0}"#).unwrap().took, Some(Duration::MAX));
    let error = read(r#"{"took":-1,"at":0}"#).unwrap_err().to_string();
    assert!(error.contains("expected a number of milliseconds, found -1"), "{error}");
    assert!(read(&format!(r#"{{"took":null,"at":{}}}"#, u64::MAX)).is_ok());
}
