package remote

import (
	"context"

	"github.com/pkg/sftp"
	provider "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/infer"
	"github.com/pulumi/pulumi-go-provider/infer/types"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"golang.org/x/crypto/ssh"
)

type CopyToRemote struct{}

type CopyToRemoteInputs struct {
	Connection *Connection          `pulumi:"connection" provider:"secret"`
	Triggers   *[]any               `pulumi:"triggers,optional" provider:"replaceOnChanges"`
	Source     types.AssetOrArchive `pulumi:"source"`
	RemotePath string               `pulumi:"remotePath"`
}

type CopyToRemoteOutputs struct{ CopyToRemoteInputs }

func (*CopyToRemote) Check(
	ctx context.Context, request infer.CheckRequest,
) (infer.CheckResponse[CopyToRemoteInputs], error) {
	inputs, failures, err := infer.DefaultCheck[CopyToRemoteInputs](ctx, request.NewInputs)
	if err == nil {
		failures = append(failures, checkSource(inputs.Source)...)
	}
	return infer.CheckResponse[CopyToRemoteInputs]{Inputs: inputs, Failures: failures}, err
}

func checkSource(source types.AssetOrArchive) []provider.CheckFailure {
	switch {
	case source.Asset == nil && source.Archive == nil:
		return []provider.CheckFailure{{Property: "asset", Reason: "either asset or archive must be set"}}
	case source.Asset != nil && !source.Asset.IsPath() && !source.Asset.IsText():
		return []provider.CheckFailure{
			{Property: "asset", Reason: "asset must be a path-based file asset or a text asset"},
		}
	case source.Archive != nil && !source.Archive.IsPath():
		return []provider.CheckFailure{
			{Property: "archive", Reason: "archive must be a path to a file or directory"},
		}
	}
	return nil
}

func (*CopyToRemote) Create(
	ctx context.Context, request infer.CreateRequest[CopyToRemoteInputs],
) (infer.CreateResponse[CopyToRemoteOutputs], error) {
	response := infer.CreateResponse[CopyToRemoteOutputs]{Output: CopyToRemoteOutputs{request.Inputs}}
	if request.DryRun {
		return response, nil
	}
	if err := request.Inputs.copy(ctx); err != nil {
		return response, err
	}
	var err error
	response.ID, err = resource.NewUniqueHex("", 8, 0)
	return response, err
}

// Update copies again only for another content or another place.
func (*CopyToRemote) Update(
	ctx context.Context, request infer.UpdateRequest[CopyToRemoteInputs, CopyToRemoteOutputs],
) (infer.UpdateResponse[CopyToRemoteOutputs], error) {
	response := infer.UpdateResponse[CopyToRemoteOutputs]{Output: CopyToRemoteOutputs{request.Inputs}}
	same := request.Inputs.hash() == request.State.hash() && request.Inputs.RemotePath == request.State.RemotePath
	if request.DryRun || same {
		return response, nil
	}
	return response, request.Inputs.copy(ctx)
}

func (i *CopyToRemoteInputs) hash() string {
	if i.Source.Archive != nil {
		return i.Source.Archive.Hash
	}
	return i.Source.Asset.Hash
}

// localPath gives the path of the source; false if the source is a text.
func (i *CopyToRemoteInputs) localPath() (string, bool) {
	if i.Source.Archive != nil {
		return i.Source.Archive.Path, true
	}
	return i.Source.Asset.Path, !i.Source.Asset.IsText()
}

func (i *CopyToRemoteInputs) copy(ctx context.Context) error {
	source, isPath := i.localPath()
	origin := "text asset"
	if isPath {
		origin = "local file " + source
	}
	provider.GetLogger(ctx).Debugf("Creating file: %s:%s from %s", *i.Connection.Host, i.RemotePath, origin)
	return withClient(ctx, i.Connection, func(client *ssh.Client) error {
		session, err := sftp.NewClient(client, sftp.UseConcurrentWrites(true))
		if err != nil {
			return err
		}
		defer session.Close()
		files := remoteFiles{session}
		if isPath {
			return files.copyPath(source, i.RemotePath)
		}
		return files.copyText(i.Source.Asset.Text, i.RemotePath)
	})
}
