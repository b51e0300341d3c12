//! `#[derive(Portable)]`: bytes of the fields in order of declaration.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::{Data, DeriveInput, Field, Fields, Generics};

use super::attr::{Way, misplaced, way};
use crate::{
    error::Errors,
    fields::exactly,
    names::{self, local},
    shape::{Description, Member, Opaques, arguments, own_names, wire_part},
    types::mentions,
};

pub(super) fn expand(input: &DeriveInput, errors: &mut Errors) -> TokenStream {
    misplaced(&input.attrs, errors);
    let mut coder = Coder { own: own_names(input), opaque: Opaques::default(), errors };
    let (kind, members, encode, decode) = match &input.data {
        Data::Struct(data) => {
            let variant = coder.fields(&data.fields, &quote! { Self });
            let Coded { pattern, encode, build, members } = variant;
            (
                "Struct",
                members,
                quote! { let #pattern = self; #encode },
                quote! { ::core::result::Result::Ok(#build) },
            )
        }
        Data::Enum(data) => coder.variants(&input.ident, data),
        Data::Union(data) => {
            coder.errors.at(data.union_token, "a union does not say what it holds", "use an enum");
            return TokenStream::new();
        }
    };
    let tags = coder.opaque;
    let name = &input.ident;
    let mut generics = input.generics.clone();
    bound(&mut generics);
    let (head, args, clause) = generics.split_for_impl();
    let description = Description {
        kind,
        name: names::plain(name),
        attrs: String::new(),
        args: arguments(input),
        members,
        layout: false,
        build: String::new(),
        check: exactly(input),
    }
    .items("Wire");
    quote! {
        #[allow(unused_imports)]
        use __hotswap::Unknown as _;
        #tags

        unsafe impl #head __hotswap::Shaped<__hotswap::Wire> for #name #args #clause {
            #description
        }

        impl #head __hotswap::Portable for #name #args #clause {
            type Carrier = __hotswap::Encoded;

            #[allow(unused_variables)]
            fn encode(&self, __hotswap_out: &mut __hotswap::Writer<'_>) {
                #encode
            }

            #[allow(unused_variables)]
            fn decode(
                __hotswap_input: &mut __hotswap::Reader<'_>,
            ) -> ::core::result::Result<Self, __hotswap::DecodeError> {
                #decode
            }
        }
    }
}

struct Coder<'a> {
    /// Names that a type may not be probed with: parameters, and the type itself.
    own: Vec<String>,
    opaque: Opaques,
    errors: &'a mut Errors,
}

/// The fields of a struct or of a variant.
struct Coded {
    pattern: TokenStream,
    encode: TokenStream,
    build: TokenStream,
    members: Vec<Member>,
}

impl Coder<'_> {
    fn variants(
        &mut self,
        name: &syn::Ident,
        data: &syn::DataEnum,
    ) -> (&'static str, Vec<Member>, TokenStream, TokenStream) {
        let (mut members, mut encode, mut decode) = (Vec::new(), Vec::new(), Vec::new());
        for (number, variant) in (0_u32..).zip(&data.variants) {
            misplaced(&variant.attrs, self.errors);
            let ident = &variant.ident;
            let coded = self.fields(&variant.fields, &quote! { #name::#ident });
            let (pattern, fields, build) = (coded.pattern, coded.encode, coded.build);
            encode.push(quote! { #pattern => { __hotswap::Writer::variant(__hotswap_out, #number); #fields } });
            decode.push(quote! { #number => ::core::result::Result::Ok(#build), });
            members.push(Member {
                name: names::plain(ident),
                attrs: String::new(),
                labels: coded.members.iter().map(|it| it.name.clone()).collect(),
                parts: coded.members.into_iter().flat_map(|it| it.parts).collect(),
                offset: None,
            });
        }
        let encode = if encode.is_empty() {
            quote! { match *self {} }
        } else {
            quote! { match self { #(#encode)* } }
        };
        let decode = quote! {
            match __hotswap::Reader::variant(__hotswap_input)? {
                #(#decode)*
                __hotswap_other => ::core::result::Result::Err(
                    __hotswap::Reader::error(__hotswap_input, "a variant", __hotswap_other),
                ),
            }
        };
        ("Enum", members, encode, decode)
    }

    fn fields(&mut self, fields: &Fields, path: &TokenStream) -> Coded {
        let (mut names, mut encode, mut decode, mut members) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for (i, field) in fields.iter().enumerate() {
            let binding = local(format!("f{i}"));
            let (write, read, part) = self.field(field, &binding);
            let (index, ident) = (syn::Index::from(i), &field.ident);
            let member = ident.as_ref().map_or(quote! { #index }, |ident| quote! { #ident });
            names.push(quote! { #member: #binding });
            encode.push(write);
            decode.push(quote! { #member: #read });
            members.push(Member {
                name: ident.as_ref().map_or(i.to_string(), names::plain),
                attrs: String::new(),
                labels: Vec::new(),
                parts: vec![part],
                offset: None,
            });
        }
        Coded {
            pattern: quote! { #path { #(#names),* } },
            encode: quote! { #(#encode)* },
            build: quote! { #path { #(#decode),* } },
            members,
        }
    }

    /// How a field is written and read, and the type that describes it.
    fn field(
        &mut self,
        field: &Field,
        name: &syn::Ident,
    ) -> (TokenStream, TokenStream, TokenStream) {
        let ty = &field.ty;
        let span = names::at(ty);
        match way(field, self.errors) {
            Way::Own => (
                quote_spanned! { span=> <#ty as __hotswap::Portable>::encode(#name, __hotswap_out); },
                quote_spanned! { span=> <#ty as __hotswap::Portable>::decode(__hotswap_input)? },
                if mentions(ty, &self.own) {
                    quote! { #ty }
                } else {
                    wire_part(ty)
                },
            ),
            Way::Serde => (
                quote_spanned! { span=> __hotswap::with::encode_serde::<#ty>(#name, __hotswap_out); },
                quote_spanned! { span=> __hotswap::with::decode_serde::<#ty>(__hotswap_input)? },
                self.opaque.part(ty),
            ),
            Way::With(module) => {
                let span = names::at(&module);
                (
                    quote_spanned! { span=>
                        <#module::Repr as __hotswap::Portable>::encode(
                            &#module::to(#name),
                            __hotswap_out,
                        );
                    },
                    quote_spanned! { span=>
                        match #module::from(
                            <#module::Repr as __hotswap::Portable>::decode(__hotswap_input)?
                        ) {
                            ::core::result::Result::Ok(__hotswap_value) => __hotswap_value,
                            ::core::result::Result::Err(__hotswap_error) => {
                                return ::core::result::Result::Err(__hotswap::Reader::error(
                                    __hotswap_input,
                                    "a valid value",
                                    __hotswap_error,
                                ));
                            }
                        }
                    },
                    quote! { #module::Repr },
                )
            }
        }
    }
}

/// Every type parameter must cross itself.
pub(super) fn bound(generics: &mut Generics) {
    for param in generics.type_params_mut() {
        param.bounds.push(syn::parse_quote! { __hotswap::Portable });
    }
}
