import hephaestus.Hooks;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;

/** Something that runs in a thread of its own, with the threads it starts, until it ends or has had its time. */
final class Running {
    /** What may be done in it. */
    interface Work {
        void run() throws Throwable;
    }

    /** Limits in seconds of CPU time and by the clock. */
    record Limit(double cpu, double wall) {}

    private static final com.sun.management.OperatingSystemMXBean SYSTEM =
        (com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();
    /** How often the time is looked at, and how long a thread may take to end, in milliseconds. */
    private static final int LOOK = 5;
    private static final int ENDING = 1000;

    private final ThreadGroup group = new ThreadGroup("tests");
    private final long began = System.nanoTime();
    private final Thread thread;
    private Throwable thrown;
    /** Whether it had its time, and whether a thread of it could not be ended. */
    boolean late;
    static volatile boolean lost;
    static volatile boolean given;

    private Running(Work work, ClassLoader loader, long stack) {
        thread = new Thread(group, () -> {
            try {
                work.run();
            } catch (Throwable error) {
                thrown = error;
            }
        }, "main", stack);
        thread.setContextClassLoader(loader);
    }

    /** CPU time of the whole process, in seconds. */
    static double cpu() {
        return SYSTEM.getProcessCpuTime() / 1e9;
    }

    /** Runs work to its end; whether it came to it. `waits`: for the threads it started, too. */
    static Running of(Work work, ClassLoader loader, Limit limit, boolean waits) {
        Running running = new Running(work, loader, 0);
        running.watch(limit, waits);
        running.clear();
        return running;
    }

    private void watch(Limit limit, boolean waits) {
        double from = cpu();
        thread.start();
        try {
            while (thread.isAlive() || waits && Hooks.exit == null && others(false) > 0) {
                if (cpu() - from > limit.cpu || wall() > limit.wall || given) {
                    late = true;
                    return;
                }
                if (thread.isAlive()) {
                    thread.join(LOOK);
                } else {
                    Thread.sleep(1);
                }
            }
        } catch (InterruptedException error) {
            late = true;
        }
    }

    /** How many other threads of it live; daemons only when asked. */
    private int others(boolean all) {
        Thread[] threads = new Thread[group.activeCount() + 8];
        int count = 0;
        for (int i = group.enumerate(threads) - 1; i >= 0; i--) {
            count += all || !threads[i].isDaemon() ? 1 : 0;
        }
        return count;
    }

    private void clear() {
        if (others(true) == 0) {
            return;
        }
        Hooks.over = true;
        long until = System.nanoTime() + ENDING * 1_000_000L;
        while (others(true) > 0 && System.nanoTime() < until) {
            end();
            try {
                Thread.sleep(1);
            } catch (InterruptedException error) {
                break;
            }
        }
        lost |= others(true) > 0;
        Hooks.over = false;
    }

    @SuppressWarnings({"deprecation", "removal"})
    private void end() {
        Thread[] threads = new Thread[group.activeCount() + 8];
        for (int i = group.enumerate(threads) - 1; i >= 0; i--) {
            threads[i].interrupt();
            try {
                threads[i].stop();
            } catch (UnsupportedOperationException error) {
                // Newer JDKs do not know how: then it ends at the next turn of a loop, or its process does.
            }
        }
    }

    /** What it threw, null when it ended well. */
    Throwable thrown() {
        return thrown;
    }

    double wall() {
        return (System.nanoTime() - began) / 1e9;
    }
}
