// apps → models → the sidecar and the apps of dapr.yaml → "FindMe is ready".
using System.CommandLine;
using FindMe.Local;
using LocalDapr;

if (OpenFileLimit.Problem() is { } problem)
{
    Console.Error.WriteLine($"FindMe cannot run: {problem}");
    return 1;
}

var albums = new Option<DirectoryInfo[]>("--album") { Description = "A folder of photos to offer; may be given several times. Default: six demo photos." };
var data = new Option<DirectoryInfo?>("--data") { Description = "Where everything is kept. Default: the folder data beside FindMe.sln." };
var port = new Option<int>("--port") { Description = "The page's port; 0: any that is free.", DefaultValueFactory = _ => 5100 };
var replicas = new Option<int>("--replicas") { Description = "Compare processes, 1 to 16; each compares as many photos at once as it has cores.", DefaultValueFactory = _ => 1 };
var demoNetworks = new Option<bool>("--demo-networks") { Description = "Imitate Mastodon, X and Bluesky on this machine, and search those: no account needed." };
var noBuild = new Option<bool>("--no-build") { Description = "Start what is built already." };
var endWithInput = new Option<bool>("--end-with-input") { Description = "End when standard input is closed, for whoever starts this from a program." };

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

// LocalRun handles the signals: the library would cut the end off after two seconds.
return await command.Parse(args).InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null });
