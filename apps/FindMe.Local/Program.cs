// apps → models → the sidecar and the apps of dapr.yaml → "FindMe is ready".
using System.CommandLine;
using FindMe.Local;
using LocalDapr;

if (OpenFileLimit.Problem() is { } problem)
{
    Console.Error.WriteLine($"FindMe cannot run: {problem}");
    return 1;
}

var albums = new Option<DirectoryInfo[]>("--album") { Description = "A folder of photos to offer as an album; can be repeated. Default: six demo photos." };
var data = new Option<DirectoryInfo?>("--data") { Description = "The data folder. Default: the folder data next to FindMe.sln." };
var port = new Option<int>("--port") { Description = "The page's port; 0 for any free one.", DefaultValueFactory = _ => 5100 };
var replicas = new Option<int>("--replicas") { Description = "Number of Compare processes, 1 to 16; each compares one photo per core at a time.", DefaultValueFactory = _ => 1 };
var demoNetworks = new Option<bool>("--demo-networks") { Description = "Run imitations of Mastodon, X and Bluesky on this machine, and search those; needs no account." };
var noBuild = new Option<bool>("--no-build") { Description = "Start without building." };
var endWithInput = new Option<bool>("--end-with-input") { Description = "Stop when standard input is closed, for programs that start FindMe." };

var command = new RootCommand("Runs FindMe on this machine: every app of dapr.yaml with one local sidecar, no Dapr needed.")
{
    albums, data, port, replicas, demoNetworks, noBuild, endWithInput,
};
command.SetAction((parsed, cancellationToken) => LocalRun.RunAsync(
    new LocalOptions(
        [.. (parsed.GetValue(albums) ?? []).Select(album => album.FullName)],
        parsed.GetValue(data)?.FullName,
        parsed.GetValue(port),
        parsed.GetValue(replicas),
        parsed.GetValue(demoNetworks),
        Build: !parsed.GetValue(noBuild),
        EndWithInput: parsed.GetValue(endWithInput)),
    cancellationToken));

// LocalRun handles signals itself: the library would abort the shutdown after two seconds.
return await command.Parse(args).InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null });
