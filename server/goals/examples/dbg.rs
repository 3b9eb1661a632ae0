//! x
use hephaestus_core::*;
use hephaestus_syntax::*;
fn main() {
    let text = std::fs::read_to_string("/tmp/b/badf.ts").unwrap();
    let language = Languages::builtin().unwrap().get(&LanguageId::new("typescript")).unwrap();
    let mut d = Document::new(Some(language.clone()), &text);
    let p = d.parsed(RelPath::new("a.ts").unwrap(), false, &CancelToken::new()).unwrap();
    println!("{:?}", p.functions().iter().map(|f| (&f.qualified, f.range)).collect::<Vec<_>>());
    let w = Wanted { rules: None, holes: false };
    let a = Facts::of(&p, w);
    println!("{:?}", a.functions.iter().map(|f| (&f.qualified, f.range)).collect::<Vec<_>>());
    let a = Facts::again(&p, w, &mut Memory::default(), &CancelToken::new()).unwrap();
    println!("{:?}", a.functions.iter().map(|f| (&f.qualified, f.range)).collect::<Vec<_>>());
    let mut n = p.tree().root_node().descendant_for_byte_range(2293, 2420);
    while let Some(m) = n { println!("{} {:?} err {} children {}", m.kind(), m.byte_range(), m.has_error(), m.child_count()); n = m.parent(); }
}
