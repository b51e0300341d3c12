//! How an argument crosses, recognised by the form of its type.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::{
    Path, PathArguments, ReturnType, TraitBoundModifier, Type, TypeParamBound, TypeReference,
    TypeTraitObject,
};

use crate::{
    error::Errors,
    names::text,
    types::{Role, bare, check_lent, check_value, first_argument, last_name},
};

/// The way of an argument.
pub(crate) enum Mode {
    /// `T`: portable, or by its serde form.
    Value(Value),
    /// `&str`.
    Str,
    /// `&T`, `&mut T` of plain data.
    Plain { exclusive: bool, ty: Type },
    /// `&[T]`, `&mut [T]` of plain data.
    Slice { exclusive: bool, item: Type },
    /// `&dyn I`, `&mut dyn I`.
    Lent { exclusive: bool, interface: Path },
    /// `&mut dyn FnMut(…) -> …`.
    Closure(Closure),
    /// `#[same_build]` `&T`, `&mut T` of any type.
    SameBuild { exclusive: bool, ty: Type },
}

/// What crosses by value.
pub(crate) struct Value {
    pub(crate) ty: Type,
    /// `#[portable(serde)]`.
    pub(crate) by_serde: bool,
}

/// Its type.
impl ToTokens for Value {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        self.ty.to_tokens(tokens);
    }
}

/// A closure's signature.
pub(crate) struct Closure {
    pub(crate) args: Vec<(Type, Mode)>,
    pub(crate) result: Value,
}

/// How an argument of this type crosses; `None` with an error noted.
pub(crate) fn mode(ty: &Type, in_closure: bool, errors: &mut Errors) -> Option<Mode> {
    let Type::Reference(reference) = bare(ty) else {
        check_value(ty, Role::Signature, errors);
        return Some(Mode::Value(Value { ty: ty.clone(), by_serde: false }));
    };
    if let Some(lifetime) = &reference.lifetime {
        errors.at(
            lifetime,
            "an argument is lent for the call, and for nothing longer",
            "leave the lifetime away",
        );
        return None;
    }
    let exclusive = reference.mutability.is_some();
    match bare(&reference.elem) {
        Type::TraitObject(object) => lent(reference, object, in_closure, errors),
        Type::Slice(slice) => {
            check_value(&slice.elem, Role::Signature, errors);
            Some(Mode::Slice { exclusive, item: (*slice.elem).clone() })
        }
        Type::Path(path) if path.path.is_ident("str") && exclusive => {
            errors.at(ty, "`&mut str` does not cross", "take a `String` and return one");
            None
        }
        Type::Path(path) if path.path.is_ident("str") => Some(Mode::Str),
        elem => plain(ty, elem, exclusive, errors),
    }
}

/// How an argument marked `#[portable(serde)]` crosses; `None` with an error noted.
pub(crate) fn by_serde(ty: &Type, errors: &mut Errors) -> Option<Mode> {
    if let Type::Reference(reference) = bare(ty) {
        errors.at(
            ty,
            "a value that crosses by serde is given away, not lent",
            format!("take `{}`", text(&reference.elem)),
        );
        return None;
    }
    check_value(ty, Role::Signature, errors);
    Some(Mode::Value(Value { ty: ty.clone(), by_serde: true }))
}

/// How an argument marked `#[same_build]` crosses; `None` with an error noted.
pub(crate) fn same_build(ty: &Type, errors: &mut Errors) -> Option<Mode> {
    let Type::Reference(reference) = bare(ty) else {
        errors.at(
            ty,
            "a value of any type is lent, and never given away: it belongs to one side",
            "take `&T` or `&mut T`",
        );
        return None;
    };
    let before = errors.count();
    if let Some(lifetime) = &reference.lifetime {
        errors.at(
            lifetime,
            "an argument is lent for the call, and for nothing longer",
            "leave the lifetime away",
        );
    }
    check_lent(&reference.elem, errors);
    let (exclusive, ty) = (reference.mutability.is_some(), (*reference.elem).clone());
    (errors.count() == before).then_some(Mode::SameBuild { exclusive, ty })
}

fn plain(ty: &Type, elem: &Type, exclusive: bool, errors: &mut Errors) -> Option<Mode> {
    let item = first_argument(elem).unwrap_or_else(|| "T".to_owned());
    let (written, hint) = match (last_name(elem).as_deref(), exclusive) {
        (Some("String"), false) => ("&String", "use `&str`".to_owned()),
        (Some("String"), true) => ("&mut String", "take a `String` and return one".to_owned()),
        (Some("Vec"), false) => ("&Vec", format!("use `&[{item}]`")),
        (Some("Vec"), true) => {
            ("&mut Vec", format!("use `&mut [{item}]`, or take a `Vec<{item}>` and return one"))
        }
        (Some("Box"), _) => ("a reference to a `Box`", format!("use `&{item}`")),
        (Some("Path"), _) => ("&Path", "take a `PathBuf`".to_owned()),
        _ => {
            let before = errors.count();
            check_value(elem, Role::Signature, errors);
            let ty = elem.clone();
            return (errors.count() == before).then_some(Mode::Plain { exclusive, ty });
        }
    };
    let written =
        if written.starts_with('&') { format!("`{written}`") } else { written.to_owned() };
    errors.at(ty, format!("{written} would lend memory that only its own side may manage"), hint);
    None
}

/// `&dyn …`: an interface or a closure.
fn lent(
    reference: &TypeReference,
    object: &TypeTraitObject,
    in_closure: bool,
    errors: &mut Errors,
) -> Option<Mode> {
    if in_closure {
        errors.at(
            reference,
            "a closure's arguments are values, `&str` or plain data",
            "make it an interface with a method, and lend `&mut dyn I`",
        );
        return None;
    }
    let path = only_trait(object, errors)?;
    let exclusive = reference.mutability.is_some();
    let name = path.segments.last().map(|segment| segment.ident.to_string()).unwrap_or_default();
    if !matches!(name.as_str(), "FnMut" | "Fn" | "FnOnce") {
        let lifetimes = path.segments.iter().any(|segment| !segment.arguments.is_none());
        if lifetimes {
            errors.at(path, "an interface has no parameters", "lend an interface: `&mut dyn I`");
            return None;
        }
        return Some(Mode::Lent { exclusive, interface: path.clone() });
    }
    if name != "FnMut" || !exclusive {
        let signature = text(path.segments.last().map(|segment| &segment.arguments));
        errors.at(
            reference,
            format!("`{}` does not cross", text(reference)),
            format!("use `&mut dyn FnMut{signature}`"),
        );
        return None;
    }
    closure(path, errors).map(Mode::Closure)
}

/// The one trait of an object.
fn only_trait<'a>(object: &'a TypeTraitObject, errors: &mut Errors) -> Option<&'a Path> {
    let mut bounds = object.bounds.iter();
    if let (Some(TypeParamBound::Trait(bound)), None) = (bounds.next(), bounds.next())
        && matches!(bound.modifier, TraitBoundModifier::None)
        && bound.lifetimes.is_none()
    {
        return Some(&bound.path);
    }
    errors.at(
        object,
        "what is lent for a call is one interface, without further bounds",
        "write `dyn I`; for `Send` or `Sync` say so at the interface: `pub trait I: Send`",
    );
    None
}

fn closure(path: &Path, errors: &mut Errors) -> Option<Closure> {
    let Some(PathArguments::Parenthesized(signature)) =
        path.segments.last().map(|segment| &segment.arguments)
    else {
        errors.at(path, "a closure needs its arguments", "write `&mut dyn FnMut(A) -> R`");
        return None;
    };
    let modes: Vec<_> = signature.inputs.iter().map(|ty| mode(ty, true, errors)).collect();
    let result = Value { ty: result(&signature.output, errors), by_serde: false };
    let modes: Option<Vec<_>> = modes.into_iter().collect();
    let args = signature.inputs.iter().cloned().zip(modes?).collect();
    Some(Closure { args, result })
}

/// The type of a result, checked.
pub(crate) fn result(output: &ReturnType, errors: &mut Errors) -> Type {
    let ReturnType::Type(_, ty) = output else { return syn::parse_quote! { () } };
    if let Type::Reference(reference) = bare(ty) {
        errors.at(
            ty,
            "a result is never borrowed: it would outlive the call",
            format!("{}: `-> {}`", "return the owned type", owned_result(&reference.elem)),
        );
    } else {
        check_value(ty, Role::Signature, errors);
    }
    (**ty).clone()
}

fn owned_result(ty: &Type) -> String {
    match bare(ty) {
        Type::Slice(slice) => format!("Vec<{}>", text(&slice.elem)),
        Type::Path(path) if path.path.is_ident("str") => "String".to_owned(),
        ty => text(ty.to_token_stream()),
    }
}

/// What a type in a signature must be.
pub(crate) enum Bound<'a> {
    Value(&'a Value),
    Plain(&'a Type),
}

/// What the types of an argument must be.
pub(crate) fn bounds<'a>(mode: &'a Mode, found: &mut Vec<Bound<'a>>) {
    match mode {
        // An interface is checked where it is used.
        // Any type at all is lent to a side of the same build.
        Mode::Str | Mode::Lent { .. } | Mode::SameBuild { .. } => {}
        Mode::Value(value) => found.push(Bound::Value(value)),
        Mode::Plain { ty, .. } => found.push(Bound::Plain(ty)),
        Mode::Slice { item, .. } => found.push(Bound::Plain(item)),
        Mode::Closure(closure) => {
            closure.args.iter().for_each(|(_, mode)| bounds(mode, found));
            found.push(Bound::Value(&closure.result));
        }
    }
}
