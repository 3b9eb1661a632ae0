import hephaestus.Hooks;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import jdk.internal.org.objectweb.asm.ClassReader;
import jdk.internal.org.objectweb.asm.ClassVisitor;
import jdk.internal.org.objectweb.asm.ClassWriter;
import jdk.internal.org.objectweb.asm.FieldVisitor;
import jdk.internal.org.objectweb.asm.Handle;
import jdk.internal.org.objectweb.asm.Label;
import jdk.internal.org.objectweb.asm.MethodTooLargeException;
import jdk.internal.org.objectweb.asm.MethodVisitor;
import jdk.internal.org.objectweb.asm.Opcodes;

/**
 * Changes classes while they are loaded: what would end the process ends the test, a started process is noticed, a loop can be
 * ended from outside, and, where somebody watches, each line says that it was reached
 * (a method as a whole, where it would grow too large). It must not change a stack frame.
 */
final class Weaver {
    private static final int API = Opcodes.ASM8;
    private static final String SEALED = "PermittedSubclasses";
    private static final String HOOKS = Hooks.class.getName().replace('.', '/');

    /** Lines of a file that are reached together. */
    record Place(String file, BitSet lines) {}

    /** Where the numbered places are. */
    final List<Place> places = new ArrayList<>();

    /** A class as it is loaded; with lines, when its file is given. */
    byte[] woven(byte[] bytes, String file) {
        try {
            return woven(bytes, file, false);
        } catch (MethodTooLargeException error) {
            return file == null ? bytes : coarsely(bytes, file);
        }
    }

    private byte[] coarsely(byte[] bytes, String file) {
        try {
            return woven(bytes, file, true);
        } catch (MethodTooLargeException error) {
            return bytes;
        }
    }

    private byte[] woven(byte[] bytes, String file, boolean coarse) {
        ClassReader reader = new ClassReader(readable(bytes));
        ClassWriter writer = new ClassWriter(reader, ClassWriter.COMPUTE_MAXS);
        reader.accept(new ClassVisitor(API, writer) {
            @Override
            public MethodVisitor visitMethod(int access, String name, String type, String signature, String[] errors) {
                return new Method(super.visitMethod(access, name, type, signature, errors), file, coarse);
            }
        }, 0);
        return writer.toByteArray();
    }

    private final class Method extends MethodVisitor {
        private final String file;
        private final Set<Label> behind = new HashSet<>();
        private final boolean coarse;
        private BitSet lines;
        private int line;

        Method(MethodVisitor next, String file, boolean coarse) {
            super(API, next);
            this.coarse = coarse;
            this.file = file;
        }

        @Override
        public void visitLabel(Label label) {
            behind.add(label);
            super.visitLabel(label);
        }

        @Override
        public void visitLineNumber(int number, Label start) {
            super.visitLineNumber(number, start);
            line = number;
        }

        /** Says that a line is reached, before its first instruction: a frame may stand between that and its number. */
        private void hit() {
            if (file != null && line > 0) {
                if (lines == null || !coarse) {
                    lines = new BitSet();
                    super.visitLdcInsn(places.size());
                    super.visitMethodInsn(Opcodes.INVOKESTATIC, HOOKS, "hit", "(I)V", false);
                    places.add(new Place(file, lines));
                }
                lines.set(line);
            }
            line = 0;
        }

        @Override
        public void visitJumpInsn(int code, Label label) {
            hit();
            if (behind.contains(label)) {
                super.visitMethodInsn(Opcodes.INVOKESTATIC, HOOKS, "tick", "()V", false);
            }
            super.visitJumpInsn(code, label);
        }

        @Override
        public void visitInsn(int code) {
            hit();
            super.visitInsn(code);
        }

        @Override
        public void visitIntInsn(int code, int operand) {
            hit();
            super.visitIntInsn(code, operand);
        }

        @Override
        public void visitVarInsn(int code, int variable) {
            hit();
            super.visitVarInsn(code, variable);
        }

        @Override
        public void visitTypeInsn(int code, String type) {
            hit();
            super.visitTypeInsn(code, type);
        }

        @Override
        public void visitFieldInsn(int code, String owner, String name, String type) {
            hit();
            super.visitFieldInsn(code, owner, name, type);
        }

        @Override
        public void visitInvokeDynamicInsn(String name, String type, Handle handle, Object... arguments) {
            hit();
            super.visitInvokeDynamicInsn(name, type, handle, arguments);
        }

        @Override
        public void visitLdcInsn(Object value) {
            hit();
            super.visitLdcInsn(value);
        }

        @Override
        public void visitIincInsn(int variable, int by) {
            hit();
            super.visitIincInsn(variable, by);
        }

        @Override
        public void visitTableSwitchInsn(int from, int to, Label other, Label... labels) {
            hit();
            super.visitTableSwitchInsn(from, to, other, labels);
        }

        @Override
        public void visitLookupSwitchInsn(Label other, int[] keys, Label[] labels) {
            hit();
            super.visitLookupSwitchInsn(other, keys, labels);
        }

        @Override
        public void visitMultiANewArrayInsn(String type, int dimensions) {
            hit();
            super.visitMultiANewArrayInsn(type, dimensions);
        }

        @Override
        public void visitMethodInsn(int code, String owner, String name, String type, boolean isInterface) {
            hit();
            boolean exits = name.equals("exit") || name.equals("halt");
            if (exits && owner.equals("java/lang/System")) {
                super.visitMethodInsn(Opcodes.INVOKESTATIC, HOOKS, "exit", "(I)V", false);
                return;
            }
            if (exits && owner.equals("java/lang/Runtime")) {
                super.visitMethodInsn(Opcodes.INVOKESTATIC, HOOKS, "exit", "(Ljava/lang/Runtime;I)V", false);
                return;
            }
            boolean starts = owner.equals("java/lang/ProcessBuilder") && name.equals("start");
            if (starts || owner.equals("java/lang/Runtime") && name.equals("exec")) {
                super.visitMethodInsn(Opcodes.INVOKESTATIC, HOOKS, "spawn", "()V", false);
            }
            super.visitMethodInsn(code, owner, name, type, isInterface);
        }
    }

    /** What other classes can see of a class when they are compiled. */
    static String face(byte[] bytes) {
        Set<String> parts = new TreeSet<>();
        new ClassReader(readable(bytes)).accept(new ClassVisitor(API) {
            private void add(int access, Object... words) {
                if ((access & (Opcodes.ACC_PRIVATE | Opcodes.ACC_SYNTHETIC)) == 0) {
                    parts.add(access + Arrays.deepToString(words));
                }
            }

            @Override
            public void visit(int version, int access, String name, String signature, String above, String[] faces) {
                parts.add(access + name + signature + above + Arrays.toString(faces));
            }

            @Override
            public void visitInnerClass(String name, String outer, String inner, int access) {
                if (inner != null) {
                    parts.add("inner " + access + name + outer);
                }
            }

            @Override
            public FieldVisitor visitField(int access, String name, String type, String signature, Object value) {
                add(access, name, type, signature, value);
                return null;
            }

            @Override
            public MethodVisitor visitMethod(int access, String name, String type, String signature, String[] errors) {
                add(access, name, type, signature, errors);
                return null;
            }
        }, ClassReader.SKIP_CODE | ClassReader.SKIP_DEBUG | ClassReader.SKIP_FRAMES);
        if (readable(bytes) != bytes) {
            parts.add("sealed " + Arrays.hashCode(bytes));
        }
        return String.join("\n", parts);
    }

    /** The same class, its one attribute renamed that the reader refuses: who may extend it does not matter any more. */
    private static byte[] readable(byte[] bytes) {
        int at = new String(bytes, StandardCharsets.ISO_8859_1).indexOf(SEALED);
        if (at < 0) {
            return bytes;
        }
        byte[] renamed = bytes.clone();
        renamed[at] = '_';
        return renamed;
    }
}
