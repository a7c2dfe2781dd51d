//! How a section of `kiosk.toml` is described: each key once, with type, default, limit and explanation. The loader,
//! `--set`, the checks and the commented reference file all walk over these descriptions.

use super::setting::{Limit, Setting};

/// Sees every section and key in the order of the file.
pub(super) trait Visitor {
    /// A section begins, `cloud.stt`.
    fn section(&mut self, path: &str, about: &str);

    /// A key, `cloud.stt.model`, with its explanation and present value.
    fn key(&mut self, path: &str, about: &str, limit: &Limit, setting: &mut dyn Setting);
}

/// A table of `kiosk.toml`.
pub(super) trait Section {
    /// Shows the visitor everything in this section, which is at `path` (empty: the whole file).
    fn visit(&mut self, path: &str, visitor: &mut dyn Visitor);
}

/// `section.key`; at the top of the file only `key`.
pub(super) fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

/// `Name { key: Type = default, limit; … } with { subsection: Type; … }`, each with its doc comment, which is also the
/// comment in the reference file.
macro_rules! section {
    (
        $(#[doc = $about:literal])*
        $name:ident {
            $( $(#[doc = $doc:literal])* $key:ident : $type:ty = $default:expr, $limit:expr; )*
        }
        $(with { $( $(#[doc = $sub_doc:literal])* $sub:ident : $sub_type:ty; )* })?
    ) => {
        $(#[doc = $about])*
        #[derive(Debug, Clone, PartialEq)]
        pub struct $name {
            $( $(#[doc = $doc])* pub $key: $type, )*
            $($( $(#[doc = $sub_doc])* pub $sub: $sub_type, )*)?
        }

        impl Default for $name {
            fn default() -> Self {
                Self {
                    $( $key: $default, )*
                    $($( $sub: <$sub_type>::default(), )*)?
                }
            }
        }

        impl Section for $name {
            fn visit(&mut self, path: &str, visitor: &mut dyn Visitor) {
                if !path.is_empty() {
                    visitor.section(path, concat!($($about, "\n"),*));
                }
                $( visitor.key(&join(path, stringify!($key)), concat!($($doc, "\n"),*), &$limit, &mut self.$key); )*
                $($( self.$sub.visit(&join(path, stringify!($sub)), visitor); )*)?
            }
        }
    };
}

pub(super) use section;
