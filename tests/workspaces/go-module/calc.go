// Package calc is about numbers.
package calc

// IsEven tells whether a number is even.
func IsEven(number int) bool {
	if number%2 == 0 {
		return true
	}
	return false
}

// Negatives picks the numbers below zero.
func Negatives(numbers []int) []int {
	found := []int{}
	for _, number := range numbers {
		if number < 0 {
			found = append(found, number)
		}
	}
	return found
}
