// Package process ends this plugin and its commands together with the engine.
package process

import (
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"
)

var (
	mutex   sync.Mutex
	running = map[*os.Process]bool{}
)

// Track kills a process when this plugin ends. The result is to be called when the process has ended.
func Track(process *os.Process) (forget func()) {
	mutex.Lock()
	defer mutex.Unlock()
	running[process] = true
	return func() {
		mutex.Lock()
		defer mutex.Unlock()
		delete(running, process)
	}
}

// EndWithParent ends this plugin at a signal of the engine, and when the engine has ended, even if it was killed.
func EndWithParent() {
	parent := os.Getppid()
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	go func() {
		for range time.Tick(time.Second) {
			if os.Getppid() != parent {
				end(1)
			}
		}
	}()
	go func() {
		<-signals
		end(0)
	}()
}

// end keeps the lock: no process is started after the others were killed.
func end(code int) {
	mutex.Lock()
	for process := range running {
		_ = process.Kill()
	}
	os.Exit(code)
}
