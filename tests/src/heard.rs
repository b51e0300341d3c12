//! A subscriber's layer that writes down what it hears.

use std::{
    error::Error,
    fmt::{self, Write},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tracing::{
    Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
};
use tracing_subscriber::{Layer, layer::Context, registry::LookupSpan};

/// What was heard.
#[derive(Debug, Clone, Default)]
pub struct Heard(Arc<Mutex<State>>);

type Hook = Arc<dyn Fn(&Line) + Send + Sync>;
type ExitHook = Arc<dyn Fn(&str) + Send + Sync>;

#[derive(Default)]
struct State {
    lines: Vec<Line>,
    hook: Option<Hook>,
    exits: Option<ExitHook>,
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.lines.fmt(f)
    }
}

/// An event, or a span that was closed.
#[derive(Debug, Clone)]
#[expect(clippy::exhaustive_structs, reason = "tests look at all of it")]
pub struct Line {
    /// Whether it is a span.
    pub is_span: bool,
    /// Of the callsite.
    pub level: Level,
    /// Of the callsite.
    pub target: String,
    /// Of the callsite.
    pub name: String,
    /// Of the callsite.
    pub module_path: Option<String>,
    /// Of the callsite.
    pub file: Option<String>,
    /// Of the callsite.
    pub line: Option<u32>,
    /// Each as its kind and what it is, in order.
    pub fields: Vec<(String, String)>,
    /// The names of the spans that it is in, the outermost first.
    pub scope: Vec<String>,
}

impl Line {
    /// A field, as its kind and what it is.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str())
    }

    /// The message, or a span's name; with the spans around it: `outer: inner: message`.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        for span in &self.scope {
            let _ = write!(text, "{span}: ");
        }
        let own = if self.is_span {
            &self.name
        } else {
            self.field("message").and_then(|it| it.strip_prefix("debug ")).unwrap_or("")
        };
        text + own
    }
}

impl Heard {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was heard since the last time, but what the host itself says.
    #[must_use]
    pub fn take(&self) -> Vec<Line> {
        let mut lines = std::mem::take(&mut self.state().lines);
        lines.retain(|line| !line.target.starts_with("hotswap_core"));
        lines
    }

    /// The events' texts of [`take`](Self::take).
    #[must_use]
    pub fn texts(&self) -> Vec<String> {
        self.take().iter().filter(|line| !line.is_span).map(Line::text).collect()
    }

    /// Whether something like that was heard, and not taken yet.
    #[must_use]
    pub fn has(&self, wanted: impl Fn(&Line) -> bool) -> bool {
        self.state().lines.iter().any(wanted)
    }

    /// Runs code for each event, on the thread that logs.
    pub fn hook(&self, hook: impl Fn(&Line) + Send + Sync + 'static) {
        self.state().hook = Some(Arc::new(hook));
    }

    /// Runs code whenever a span is left, with its name, on the thread that leaves it.
    pub fn hook_exits(&self, hook: impl Fn(&str) + Send + Sync + 'static) {
        self.state().exits = Some(Arc::new(hook));
    }

    /// No code any more.
    pub fn unhook(&self) {
        let mut state = self.state();
        (state.hook, state.exits) = (None, None);
    }

    fn put(&self, line: Line) {
        let mut state = self.state();
        state.lines.push(line.clone());
        let hook = state.hook.clone().filter(|_| !line.is_span);
        drop(state);
        if let Some(hook) = hook {
            hook(&line);
        }
    }
}

#[derive(Default)]
struct Fields(Vec<(String, String)>);

impl Fields {
    fn put(&mut self, field: &Field, value: String) {
        self.0.push((field.name().to_owned(), value));
    }
}

impl Visit for Fields {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, format!("f64 {value}"));
    }
    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, format!("i64 {value}"));
    }
    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, format!("u64 {value}"));
    }
    fn record_i128(&mut self, field: &Field, value: i128) {
        self.put(field, format!("i128 {value}"));
    }
    fn record_u128(&mut self, field: &Field, value: u128) {
        self.put(field, format!("u128 {value}"));
    }
    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, format!("bool {value}"));
    }
    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, format!("str {value}"));
    }
    fn record_bytes(&mut self, field: &Field, value: &[u8]) {
        self.put(field, format!("bytes {value:?}"));
    }
    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        let mut text = format!("error {value} ({value:?})");
        let mut source = value.source();
        while let Some(error) = source {
            let _ = write!(text, " < {error} ({error:?})");
            source = error.source();
        }
        self.put(field, text);
    }
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, format!("debug {value:?}"));
    }
}

fn line(metadata: &Metadata<'_>, fields: Vec<(String, String)>, scope: Vec<String>) -> Line {
    Line {
        is_span: metadata.is_span(),
        level: *metadata.level(),
        target: metadata.target().to_owned(),
        name: metadata.name().to_owned(),
        module_path: metadata.module_path().map(str::to_owned),
        file: metadata.file().map(str::to_owned),
        line: metadata.line(),
        fields,
        scope,
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Heard {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        context.span(id).expect("it was just made").extensions_mut().insert(fields);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let span = context.span(id).expect("it is open");
        values.record(span.extensions_mut().get_mut::<Fields>().expect("put there above"));
    }

    fn on_follows_from(&self, id: &Id, follows: &Id, context: Context<'_, S>) {
        let name = context.span(follows).expect("it is open").name();
        let span = context.span(id).expect("it is open");
        let mut extensions = span.extensions_mut();
        let fields = extensions.get_mut::<Fields>().expect("put there above");
        fields.0.push(("follows from".to_owned(), name.to_owned()));
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let scope = context.event_scope(event).into_iter().flat_map(|scope| scope.from_root());
        let scope = scope.map(|span| span.name().to_owned()).collect();
        self.put(line(event.metadata(), fields.0, scope));
    }

    fn on_exit(&self, id: &Id, context: Context<'_, S>) {
        let hook = self.state().exits.clone();
        if let Some(hook) = hook {
            hook(context.span(id).expect("it is open").name());
        }
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let span = context.span(&id).expect("it is being closed");
        let fields = span.extensions_mut().remove::<Fields>().unwrap_or_default().0;
        let scope = span.scope().skip(1).map(|span| span.name().to_owned());
        let mut scope: Vec<_> = scope.collect();
        scope.reverse();
        self.put(line(span.metadata(), fields, scope));
    }
}
