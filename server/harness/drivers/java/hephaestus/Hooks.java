package hephaestus;

import java.util.BitSet;

/** What woven code calls. It stands between the driver and the project's classes, and knows nothing of either. */
public final class Hooks {
    /** Ends a test at once. Not an exception: few catch it. */
    public static final class Ended extends ThreadDeath {
        public final int code;

        Ended(int code) {
            this.code = code;
        }
    }

    /** Which places were reached, by their numbers; null when nobody watches. */
    public static volatile boolean[] reached;
    /** Whether a process was started. */
    public static volatile boolean spawned;
    /** How the project ended itself, null when it did not. */
    public static volatile Integer exit;
    /** Whether what runs shall come to its end. */
    public static volatile boolean over;
    /** Which variant runs. */
    public static volatile int variant;

    private Hooks() {}

    public static void hit(int place) {
        boolean[] all = reached;
        if (all != null) {
            all[place] = true;
        }
    }

    public static void tick() {
        if (over) {
            throw new Ended(-1);
        }
    }

    public static void exit(int code) {
        if (exit == null) {
            exit = code;
        }
        throw new Ended(code);
    }

    public static void exit(Runtime runtime, int code) {
        exit(code);
    }

    public static void spawn() {
        spawned = true;
    }

    /** The places reached since the beginning. */
    public static BitSet places() {
        BitSet places = new BitSet();
        boolean[] all = reached;
        for (int place = 0; all != null && place < all.length; place++) {
            if (all[place]) {
                places.set(place);
            }
        }
        return places;
    }

    /** Forgets what the last test did. */
    public static void begin(int places) {
        reached = places > 0 ? new boolean[places] : null;
        spawned = false;
        exit = null;
        over = false;
    }
}
