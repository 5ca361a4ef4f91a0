// Package output collects what commands write.
package output

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"sync"

	provider "github.com/pulumi/pulumi-go-provider"
)

// Variables with the output of the run before.
const (
	PreviousStdout = "PULUMI_COMMAND_STDOUT"
	PreviousStderr = "PULUMI_COMMAND_STDERR"
)

// Collector keeps the output of a running command, each stream and both together, and shows its lines as they come.
// A line has no limit of length.
type Collector struct {
	Stdout, Stderr io.Writer

	show                 func(line string)
	mutex                sync.Mutex
	stdout, stderr, both bytes.Buffer
	line                 []byte
}

// New shows the streams that are named by logging: stdout, stderr, stdoutAndStderr (the default) or none.
func New[Logging ~string](ctx context.Context, logging *Logging) *Collector {
	collector := &Collector{show: provider.GetLogger(ctx).InfoStatus}
	shown := func(stream string) bool {
		return logging == nil || string(*logging) == stream || *logging == "stdoutAndStderr"
	}
	collector.Stdout = stream{collector, &collector.stdout, shown("stdout")}
	collector.Stderr = stream{collector, &collector.stderr, shown("stderr")}
	return collector
}

type stream struct {
	*Collector
	kept  *bytes.Buffer
	shown bool
}

func (s stream) Write(chunk []byte) (int, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.kept.Write(chunk)
	s.both.Write(chunk)
	if s.shown {
		s.line = append(s.line, chunk...)
		s.showLines()
	}
	return len(chunk), nil
}

func (c *Collector) showLines() {
	for {
		line, rest, found := bytes.Cut(c.line, []byte("\n"))
		if !found {
			return
		}
		c.show(string(bytes.TrimSuffix(line, []byte("\r"))))
		c.line = rest
	}
}

// Finish shows a last line without a newline, and gives the output for the state. The error of a failed command gets
// the command and its whole output.
func (c *Collector) Finish(command string, failure error) (stdout, stderr string, err error) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if len(c.line) > 0 {
		c.show(string(c.line))
	}
	if failure != nil {
		return "", "", fmt.Errorf("%w: running %q:\n%s", failure, command, c.both.String())
	}
	return strings.TrimSuffix(c.stdout.String(), "\n"), strings.TrimSuffix(c.stderr.String(), "\n"), nil
}
