// Package local has the resources that run commands on this machine. Names of types and fields are those of the
// genuine plugin: they are in its schema and in its messages.
package local

import (
	"context"
	"os"
	"os/exec"
	"strings"

	"ha-web-lab/launcher/engine/command/output"
	"ha-web-lab/launcher/engine/command/process"

	"github.com/pulumi/pulumi-go-provider/infer"
	"github.com/pulumi/pulumi-go-provider/infer/types"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

type Command struct{}

type CommandInputs struct {
	BaseInputs
	Triggers *[]any  `pulumi:"triggers,optional" provider:"replaceOnChanges"`
	Create   *string `pulumi:"create,optional"`
	Update   *string `pulumi:"update,optional"`
	Delete   *string `pulumi:"delete,optional"`
}

type CommandOutputs struct {
	CommandInputs
	BaseOutputs
}

// BaseInputs are the inputs of a command other than the command itself.
type BaseInputs struct {
	Stdin                  *string            `pulumi:"stdin,optional"`
	Logging                *Logging           `pulumi:"logging,optional"`
	Interpreter            *[]string          `pulumi:"interpreter,optional"`
	Dir                    *string            `pulumi:"dir,optional"`
	Environment            *map[string]string `pulumi:"environment,optional"`
	AssetPaths             *[]string          `pulumi:"assetPaths,optional"`
	ArchivePaths           *[]string          `pulumi:"archivePaths,optional"`
	AddPreviousOutputInEnv *bool              `pulumi:"addPreviousOutputInEnv,optional"`
}

type BaseOutputs struct {
	Stdout  string                            `pulumi:"stdout"`
	Stderr  string                            `pulumi:"stderr"`
	Assets  *map[string]*types.AssetOrArchive `pulumi:"assets,optional"`
	Archive *resource.Archive                 `pulumi:"archive,optional"`
}

// Logging says which streams are shown.
type Logging string

func (Logging) Values() []infer.EnumValue[Logging] {
	return []infer.EnumValue[Logging]{
		{Name: "stdout", Value: "stdout"},
		{Name: "stderr", Value: "stderr"},
		{Name: "stdoutAndStderr", Value: "stdoutAndStderr"},
		{Name: "none", Value: "none"},
	}
}

func (*Command) Create(
	ctx context.Context, request infer.CreateRequest[CommandInputs],
) (infer.CreateResponse[CommandOutputs], error) {
	id, err := resource.NewUniqueHex(request.Name, 8, 0)
	outputs := CommandOutputs{CommandInputs: request.Inputs}
	if err == nil && !request.DryRun {
		outputs.BaseOutputs, err = run(ctx, request.Inputs.Create, request.Inputs.BaseInputs, BaseOutputs{})
	}
	return infer.CreateResponse[CommandOutputs]{ID: id, Output: outputs}, err
}

func (*Command) Update(
	ctx context.Context, request infer.UpdateRequest[CommandInputs, CommandOutputs],
) (infer.UpdateResponse[CommandOutputs], error) {
	outputs := CommandOutputs{CommandInputs: request.Inputs, BaseOutputs: request.State.BaseOutputs}
	var err error
	if !request.DryRun {
		command := request.Inputs.Update
		if command == nil {
			command = request.Inputs.Create
		}
		outputs.BaseOutputs, err = run(ctx, command, request.Inputs.BaseInputs, outputs.BaseOutputs)
	}
	return infer.UpdateResponse[CommandOutputs]{Output: outputs}, err
}

func (*Command) Delete(
	ctx context.Context, request infer.DeleteRequest[CommandOutputs],
) (infer.DeleteResponse, error) {
	_, err := run(ctx, request.State.Delete, request.State.BaseInputs, request.State.BaseOutputs)
	return infer.DeleteResponse{}, err
}

// Run is a function that runs a command at each preview and each update.
type Run struct{}

type RunInputs struct {
	BaseInputs
	Command string `pulumi:"command"`
}

type RunOutputs struct {
	RunInputs
	BaseOutputs
}

func (*Run) Invoke(
	ctx context.Context, request infer.FunctionRequest[RunInputs],
) (infer.FunctionResponse[RunOutputs], error) {
	outputs, err := run(ctx, &request.Input.Command, request.Input.BaseInputs, BaseOutputs{})
	return infer.FunctionResponse[RunOutputs]{Output: RunOutputs{request.Input, outputs}}, err
}

// run runs a command, if there is one, and collects the files of assetPaths and archivePaths. What it does not collect
// anew stays as it was. A cancelled context kills the command.
func run(ctx context.Context, command *string, inputs BaseInputs, outputs BaseOutputs) (BaseOutputs, error) {
	if command == nil {
		return outputs, nil
	}
	folder := ""
	if inputs.Dir != nil {
		folder = *inputs.Dir
	} else if here, err := os.Getwd(); err != nil {
		return outputs, err
	} else {
		folder = here
	}
	collector := output.New(ctx, inputs.Logging)
	child := exec.CommandContext(ctx, "/bin/sh", "-c", *command)
	if inputs.Interpreter != nil && len(*inputs.Interpreter) > 0 {
		words := append(append([]string{}, *inputs.Interpreter...), *command)
		child = exec.CommandContext(ctx, words[0], words[1:]...)
	}
	child.Dir = folder
	child.Env = environment(inputs, outputs)
	child.Stdout, child.Stderr = collector.Stdout, collector.Stderr
	if inputs.Stdin != nil && *inputs.Stdin != "" {
		child.Stdin = strings.NewReader(*inputs.Stdin)
	}
	stdout, stderr, err := collector.Finish(*command, runToEnd(child))
	if err != nil {
		return outputs, err
	}
	outputs.Stdout, outputs.Stderr = stdout, stderr
	return collectFiles(folder, inputs, outputs)
}

func runToEnd(child *exec.Cmd) error {
	if err := child.Start(); err != nil {
		return err
	}
	defer process.Track(child.Process)()
	return child.Wait()
}

func environment(inputs BaseInputs, previous BaseOutputs) []string {
	variables := os.Environ()
	if inputs.Environment != nil {
		for name, value := range *inputs.Environment {
			variables = append(variables, name+"="+value)
		}
	}
	if inputs.AddPreviousOutputInEnv != nil && !*inputs.AddPreviousOutputInEnv {
		return variables
	}
	if previous.Stdout != "" {
		variables = append(variables, output.PreviousStdout+"="+previous.Stdout)
	}
	if previous.Stderr != "" {
		variables = append(variables, output.PreviousStderr+"="+previous.Stderr)
	}
	return variables
}
