package remote

import (
	"context"
	"fmt"
	"strings"

	"ha-web-lab/launcher/engine/command/output"

	provider "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/infer"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"golang.org/x/crypto/ssh"
)

type Command struct{}

type CommandInputs struct {
	Connection             *Connection       `pulumi:"connection" provider:"secret"`
	Environment            map[string]string `pulumi:"environment,optional"`
	Triggers               *[]any            `pulumi:"triggers,optional" provider:"replaceOnChanges"`
	Create                 *string           `pulumi:"create,optional"`
	Update                 *string           `pulumi:"update,optional"`
	Delete                 *string           `pulumi:"delete,optional"`
	Stdin                  *string           `pulumi:"stdin,optional"`
	Logging                *Logging          `pulumi:"logging,optional"`
	AddPreviousOutputInEnv *bool             `pulumi:"addPreviousOutputInEnv,optional"`
}

type CommandOutputs struct {
	CommandInputs
	BaseOutputs
}

type BaseOutputs struct {
	Stdout string `pulumi:"stdout"`
	Stderr string `pulumi:"stderr"`
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
		outputs.BaseOutputs, err = run(ctx, request.Inputs.Create, request.Inputs, BaseOutputs{})
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
		outputs.BaseOutputs, err = run(ctx, command, request.Inputs, outputs.BaseOutputs)
	}
	return infer.UpdateResponse[CommandOutputs]{Output: outputs}, err
}

func (*Command) Delete(
	ctx context.Context, request infer.DeleteRequest[CommandOutputs],
) (infer.DeleteResponse, error) {
	_, err := run(ctx, request.State.Delete, request.State.CommandInputs, request.State.BaseOutputs)
	return infer.DeleteResponse{}, err
}

// run runs a command, if there is one, to its end. A cancelled context ends only the connecting.
func run(ctx context.Context, command *string, inputs CommandInputs, previous BaseOutputs) (BaseOutputs, error) {
	outputs := previous
	if command == nil {
		return outputs, nil
	}
	return outputs, withClient(ctx, inputs.Connection, func(client *ssh.Client) error {
		session, err := client.NewSession()
		if err != nil {
			return err
		}
		defer session.Close()
		if err := setVariables(provider.GetLogger(ctx), session, inputs, previous); err != nil {
			return err
		}
		if inputs.Stdin != nil && *inputs.Stdin != "" {
			session.Stdin = strings.NewReader(*inputs.Stdin)
		}
		collector := output.New(ctx, inputs.Logging)
		session.Stdout, session.Stderr = collector.Stdout, collector.Stderr
		stdout, stderr, err := collector.Finish(*command, session.Run(*command))
		if err == nil {
			outputs = BaseOutputs{stdout, stderr}
		}
		return err
	})
}

// setVariables fails if the server refuses a variable of the user. A refused variable with the previous output is a
// warning.
func setVariables(log provider.Logger, session *ssh.Session, inputs CommandInputs, previous BaseOutputs) error {
	for name, value := range inputs.Environment {
		if err := session.Setenv(name, value); err != nil {
			log.Error(refused(name))
			return fmt.Errorf("could not set environment variable %q: %w", name, err)
		}
	}
	if inputs.AddPreviousOutputInEnv != nil && !*inputs.AddPreviousOutputInEnv {
		return nil
	}
	for name, value := range map[string]string{
		output.PreviousStdout: previous.Stdout,
		output.PreviousStderr: previous.Stderr,
	} {
		if value != "" && session.Setenv(name, value) != nil {
			log.Warning(refused(name))
		}
	}
	return nil
}

func refused(name string) string {
	return fmt.Sprintf(`Unable to set '%s'. This only works if your SSH server is configured to accept
	these variables via AcceptEnv. Alternatively, if a Bash-like shell runs the command on the remote host, you could
	prefix the command itself with the variables in the form 'VAR=value command'`, name)
}
