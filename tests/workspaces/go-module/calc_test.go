package calc

import "testing"

func TestIsEven(t *testing.T) {
	for number, want := range map[int]bool{0: true, 1: false, 2: true, -3: false, -4: true} {
		if got := IsEven(number); got != want {
			t.Errorf("IsEven(%d): want %v, got %v", number, want, got)
		}
	}
}

func TestNegatives(t *testing.T) {
	if got := Negatives([]int{1, -2, 0, -3}); len(got) != 2 || got[0] != -2 || got[1] != -3 {
		t.Errorf("got %v", got)
	}
}
