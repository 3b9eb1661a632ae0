import com.sun.source.tree.ClassTree;
import com.sun.source.tree.CompilationUnitTree;
import com.sun.source.tree.MethodTree;
import com.sun.source.tree.Tree;
import com.sun.source.tree.VariableTree;
import com.sun.source.util.JavacTask;
import com.sun.source.util.SourcePositions;
import com.sun.source.util.TreeScanner;
import com.sun.source.util.Trees;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import javax.lang.model.element.Modifier;
import javax.tools.Diagnostic;
import javax.tools.JavaFileObject;

/**
 * Compiles many variants of one file at once: each variant of a method becomes a method beside it, and the method asks which of
 * them is meant. A variant that is no method's alone has to be compiled by itself.
 */
final class Variants {
    /** A piece of new text, with places in characters. */
    record Edit(int start, int end, String text) {}

    record Variant(int number, List<Edit> edits) {}

    /** What became of variants: classes in which a switch chooses between them, and those that do not compile. */
    record Built(Map<String, Sources.Binary> classes, List<Variant> inside, List<Variant> broken, List<Variant> apart) {}

    /** A method that can have variants. */
    private record Slot(int from, int end, int head, int body, String name, int nameAt, String call, boolean fixed, boolean empty) {}

    /** A variant's method, as it stands beside the others. */
    private record Copy(Variant variant, Slot slot, String text) {}

    private static final String NAME = "$variant";
    private static final int ROUNDS = 6;

    private final Sources sources;
    private final String file;
    private final String text;
    private final List<Slot> slots = new ArrayList<>();

    Variants(Sources sources, String file) throws IOException {
        this.sources = sources;
        this.file = file;
        text = sources.texts.get(file);
        JavacTask task = sources.parsing(Map.of(file, text), said -> {});
        SourcePositions positions = Trees.instance(task).getSourcePositions();
        for (CompilationUnitTree unit : task.parse()) {
            new Finder(unit, positions).scan(unit, null);
        }
    }

    /** Finds the methods; what is inside them is theirs. */
    private final class Finder extends TreeScanner<Void, Void> {
        private final CompilationUnitTree unit;
        private final SourcePositions positions;

        Finder(CompilationUnitTree unit, SourcePositions positions) {
            this.unit = unit;
            this.positions = positions;
        }

        private int start(Tree tree) {
            return (int) positions.getStartPosition(unit, tree);
        }

        private int end(Tree tree) {
            return (int) positions.getEndPosition(unit, tree);
        }

        @Override
        public Void visitMethod(MethodTree method, Void none) {
            if (method.getBody() == null || method.getReturnType() == null || method.getReceiverParameter() != null) {
                return null;
            }
            int modifiers = end(method.getModifiers());
            int head = modifiers < 0 ? start(method) : modifiers;
            Matcher name = Pattern.compile("\\b" + Pattern.quote(method.getName().toString()) + "\\s*\\(").matcher(text);
            int body = start(method.getBody());
            if (!name.find(end(method.getReturnType())) || name.start() > body) {
                return null;
            }
            String arguments = method.getParameters().stream()
                .map(VariableTree::getName)
                .collect(Collectors.joining(", ", "(", ")"));
            boolean fixed = method.getModifiers().getFlags().contains(Modifier.STATIC);
            boolean empty = method.getReturnType().toString().equals("void");
            slots.add(new Slot(start(method), end(method), head, body, method.getName().toString(), name.start(), arguments, fixed, empty));
            return null;
        }

        @Override
        public Void visitClass(ClassTree type, Void none) {
            return type.getSimpleName().isEmpty() ? null : super.visitClass(type, none);
        }
    }

    /** The whole text with a variant's edits. */
    String whole(Variant variant) {
        return edited(variant, 0, text.length());
    }

    private String edited(Variant variant, int from, int to) {
        StringBuilder out = new StringBuilder();
        int at = from;
        for (Edit edit : variant.edits()) {
            out.append(text, at, edit.start()).append(edit.text());
            at = edit.end();
        }
        return out.append(text, at, to).toString();
    }

    private Slot slotOf(Variant variant) {
        return slots.stream()
            .filter(slot -> variant.edits().stream().allMatch(edit -> slot.body < edit.start() && edit.end() < slot.end))
            .findFirst()
            .orElse(null);
    }

    private Copy copy(Variant variant, Slot slot) {
        String head = text.substring(slot.head, slot.nameAt) + slot.name + NAME + variant.number();
        String rest = text.substring(slot.nameAt + slot.name.length(), slot.body);
        String whole = "private " + (slot.fixed ? "static " : "") + head + rest + edited(variant, slot.body, slot.end);
        return new Copy(variant, slot, " " + whole);
    }

    /** Compiles these. */
    Built build(List<Variant> variants) throws IOException {
        List<Copy> copies = new ArrayList<>();
        List<Variant> apart = new ArrayList<>();
        for (Variant variant : variants) {
            Slot slot = slotOf(variant);
            if (slot == null) {
                apart.add(variant);
            } else {
                copies.add(copy(variant, slot));
            }
        }
        List<Variant> broken = new ArrayList<>();
        Set<Variant> several = new HashSet<>();
        drop(copies, unreadable(copies, several), broken);
        drop(copies, several, apart);
        for (int round = 0; round < ROUNDS && !copies.isEmpty(); round++) {
            TreeMap<Integer, Variant> places = new TreeMap<>();
            Sources.Compiled built = sources.beside(file, together(copies, places));
            if (!built.failed()) {
                return new Built(built.classes(), copies.stream().map(Copy::variant).toList(), broken, apart);
            }
            Set<Variant> wrong = new HashSet<>();
            for (Diagnostic<? extends JavaFileObject> error : built.errors()) {
                Map.Entry<Integer, Variant> place = places.floorEntry((int) error.getPosition());
                if (place != null && place.getValue() != null) {
                    wrong.add(place.getValue());
                }
            }
            if (wrong.isEmpty()) {
                break;
            }
            drop(copies, wrong, broken);
        }
        copies.forEach(copy -> apart.add(copy.variant));
        return new Built(null, List.of(), broken, apart);
    }

    private static void drop(List<Copy> copies, Set<Variant> wrong, List<Variant> broken) {
        copies.removeIf(copy -> wrong.contains(copy.variant));
        broken.addAll(wrong);
    }

    /** Variants that are not Java; those that are not one method any more are `several`. */
    private Set<Variant> unreadable(List<Copy> copies, Set<Variant> several) throws IOException {
        Map<String, String> texts = new LinkedHashMap<>();
        Map<String, Variant> of = new LinkedHashMap<>();
        for (Copy copy : copies) {
            String name = "V" + copy.variant.number() + ".java";
            texts.put(name, "class V" + copy.variant.number() + " {" + copy.text + "}");
            of.put(name, copy.variant);
        }
        Set<Variant> wrong = new HashSet<>();
        JavacTask task = sources.parsing(texts, said -> {
            if (said.getKind() == Diagnostic.Kind.ERROR && said.getSource() instanceof Sources.Source source) {
                wrong.add(of.get(source.path));
            }
        });
        for (CompilationUnitTree unit : task.parse()) {
            List<? extends Tree> types = unit.getTypeDecls();
            boolean one = types.size() == 1 && types.get(0) instanceof ClassTree type
                && type.getMembers().size() == 1 && type.getMembers().get(0) instanceof MethodTree;
            if (!one) {
                several.add(of.get(((Sources.Source) unit.getSourceFile()).path));
            }
        }
        several.removeAll(wrong);
        return wrong;
    }

    /** The file's text with all copies; `places` tells whose text begins where, `null`: nobody's. */
    private String together(List<Copy> copies, TreeMap<Integer, Variant> places) {
        Map<Slot, List<Copy>> by = new LinkedHashMap<>();
        copies.forEach(copy -> by.computeIfAbsent(copy.slot, none -> new ArrayList<>()).add(copy));
        StringBuilder out = new StringBuilder();
        int at = 0;
        places.put(0, null);
        for (Slot slot : slots) {
            List<Copy> own = by.get(slot);
            if (own == null) {
                continue;
            }
            out.append(text, at, slot.body + 1).append(choice(slot, own)).append(text, slot.body + 1, slot.end);
            at = slot.end;
            for (Copy copy : own) {
                places.put(out.length(), copy.variant);
                out.append(copy.text);
            }
            places.put(out.length(), null);
        }
        return out.append(text, at, text.length()).toString();
    }

    private static String choice(Slot slot, List<Copy> copies) {
        StringBuilder out = new StringBuilder("switch (hephaestus.Hooks.variant) {");
        for (Copy copy : copies) {
            String call = slot.name + NAME + copy.variant.number() + slot.call;
            out.append("case ").append(copy.variant.number()).append(slot.empty ? ": " + call + "; return; " : ": return " + call + "; ");
        }
        return out.append("}").toString();
    }
}
