{{about}}

{{imports}}

{{trait}}/// What outlives an edit. Fields may come and go while you develop; before a release, give a new
/// shape a new version and a migration.
#[derive(HotState, Serialize, Deserialize, Clone, Default)]
#[hot_state(version = 1)]
pub struct {{State}} {
    count: u64,
}

/// The module: made anew by each build, with the state of the one before.
#[derive(HotModule)]
#[hot_module(interface = {{Interface}}, state = state)]
pub struct {{Module}} {
    state: {{State}},
}

impl {{Interface}} for {{Module}} {
{{methods}}
}
