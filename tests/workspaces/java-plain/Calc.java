/** About numbers. */
public class Calc {
    /** Tells whether a number is even. */
    public static boolean isEven(int number) {
        if (number % 2 == 0) {
            return true;
        }
        return false;
    }

    /** Counts the texts that are empty. */
    public static int empty(String[] texts) {
        int count = 0;
        for (String text : texts) {
            if (text.length() == 0) {
                count = count + 1;
            }
        }
        return count;
    }
}
