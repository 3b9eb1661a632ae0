import com.sun.source.tree.ClassTree;
import com.sun.source.tree.CompilationUnitTree;
import com.sun.source.tree.LineMap;
import com.sun.source.tree.Tree;
import com.sun.source.tree.VariableTree;
import com.sun.source.util.JavacTask;
import com.sun.source.util.SourcePositions;
import com.sun.source.util.TreeScanner;
import com.sun.source.util.Trees;
import java.io.IOException;
import java.util.BitSet;
import java.util.Map;
import java.util.TreeMap;
import javax.lang.model.element.Modifier;

/** The lines of constants: nothing runs there, their values stand wherever they are used. */
final class Constants {
    private Constants() {}

    /** By file. */
    static Map<String, BitSet> lines(Sources sources) throws IOException {
        Map<String, BitSet> found = new TreeMap<>();
        JavacTask task = sources.parsing(sources.texts, said -> {});
        SourcePositions positions = Trees.instance(task).getSourcePositions();
        for (CompilationUnitTree unit : task.parse()) {
            BitSet lines = new BitSet();
            LineMap map = unit.getLineMap();
            new TreeScanner<Void, Void>() {
                @Override
                public Void visitClass(ClassTree type, Void none) {
                    boolean all = type.getKind() == Tree.Kind.INTERFACE || type.getKind() == Tree.Kind.ANNOTATION_TYPE;
                    for (Tree member : type.getMembers()) {
                        if (member instanceof VariableTree field && isConstant(field, all)) {
                            int first = (int) map.getLineNumber(positions.getStartPosition(unit, field));
                            lines.set(first, (int) map.getLineNumber(positions.getEndPosition(unit, field)) + 1);
                        }
                    }
                    return super.visitClass(type, none);
                }
            }.scan(unit, null);
            if (!lines.isEmpty()) {
                found.put(unit.getSourceFile().getName(), lines);
            }
        }
        return found;
    }

    private static boolean isConstant(VariableTree field, boolean all) {
        boolean fixed = all || field.getModifiers().getFlags().contains(Modifier.FINAL);
        String type = String.valueOf(field.getType());
        return fixed && field.getInitializer() != null && type.matches("boolean|byte|char|short|int|long|float|double|(java\\.lang\\.)?String");
    }
}
