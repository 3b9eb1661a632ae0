// What the switches of this package need.
package {package}

import (
	__hephaestusOs "os"
	__hephaestusText "strconv"
	__hephaestusSync "sync"
	__hephaestusAtomic "sync/atomic"
)

const (
	__hephaestusUnknown   = 0
	__hephaestusRecording = 1
	__hephaestusOff       = 2
)

// Without a value in front: variables of the package that are made before these may already ask.
var (
	__hephaestusState uint32
	__hephaestusLock  __hephaestusSync.Mutex
	__hephaestusFile  *__hephaestusOs.File
	__hephaestusSeen  []bool
)

func __hephaestusOn(site uint32) uint32 {
	if state := __hephaestusAtomic.LoadUint32(&__hephaestusState); state > __hephaestusRecording {
		return state
	}
	return __hephaestusFirst(site)
}

func __hephaestusHit(site uint32) {
	if __hephaestusAtomic.LoadUint32(&__hephaestusState) <= __hephaestusRecording {
		__hephaestusFirst(site)
	}
}

func __hephaestusFirst(site uint32) uint32 {
	state := __hephaestusAtomic.LoadUint32(&__hephaestusState)
	if state == __hephaestusUnknown {
		state = __hephaestusChosen()
		__hephaestusAtomic.StoreUint32(&__hephaestusState, state)
	}
	if state == __hephaestusRecording {
		__hephaestusRecord(site)
		return __hephaestusOff
	}
	return state
}

func __hephaestusChosen() uint32 {
	if __hephaestusOs.Getenv("HEPHAESTUS_REACH") != "" {
		return __hephaestusRecording
	}
	number, err := __hephaestusText.ParseUint(__hephaestusOs.Getenv("HEPHAESTUS_SWITCH"), 10, 32)
	if err != nil {
		return __hephaestusOff
	}
	return uint32(number)
}

// Written at once: a process may end in many ways.
func __hephaestusRecord(site uint32) {
	__hephaestusLock.Lock()
	defer __hephaestusLock.Unlock()
	if __hephaestusFile == nil {
		path := __hephaestusOs.Getenv("HEPHAESTUS_REACH")
		flags := __hephaestusOs.O_APPEND | __hephaestusOs.O_CREATE | __hephaestusOs.O_WRONLY
		file, err := __hephaestusOs.OpenFile(path, flags, 0644)
		if err != nil {
			return
		}
		__hephaestusFile = file
	}
	for int(site) >= len(__hephaestusSeen) {
		__hephaestusSeen = append(__hephaestusSeen, make([]bool, len(__hephaestusSeen)+1024)...)
	}
	if !__hephaestusSeen[site] {
		__hephaestusSeen[site] = true
		__hephaestusFile.WriteString(__hephaestusText.Itoa(int(site)) + "\n")
	}
}
