// Load and fault tests of the real apps on the real sidecar: faults and kills break them; fairness, crowd, throughput, watchers and others measure them.
using System.CommandLine;
using FindMe.Load;
using LocalDapr.Faults;

var photos = new Option<int>("--photos") { Description = "Number of photos in the album.", DefaultValueFactory = _ => 500 };
var seed = new Option<int>("--seed") { Description = "Seed of the injected faults.", DefaultValueFactory = _ => 1 };
var side = new Option<int>("--side") { Description = "Longer side of the photos with people, in pixels.", DefaultValueFactory = _ => 320 };
var largeSide = new Option<int>("--side") { Description = "Longer side of the photos, in pixels.", DefaultValueFactory = _ => 1920 };
var facesEvery = new Option<int>("--faces-every") { Description = "Every n-th photo shows people.", DefaultValueFactory = _ => 6 };
var modes = new Option<string[]>("--mode") { Description = $"One or more of {string.Join(", ", InjectionRuns.Modes)}. Default: all.", DefaultValueFactory = _ => [.. InjectionRuns.Modes] };
var apps = new Option<string[]>("--app") { Description = "The apps to kill.", DefaultValueFactory = _ => ["findme-collect", "findme-api", "findme-compare"] };
var first = new Option<int>("--first") { Description = "Number of the first write or publish to kill at.", DefaultValueFactory = _ => 1 };
var last = new Option<int>("--last") { Description = "Number of the last one.", DefaultValueFactory = _ => int.MaxValue };
var searches = new Option<int>("--searches") { Description = "Searches at the same time.", DefaultValueFactory = _ => 20 };
var few = new Option<int>("--searches") { Description = "Searches at the same time.", DefaultValueFactory = _ => 4 };
var rounds = new Option<int>("--rounds") { Description = "Rounds of each measurement.", DefaultValueFactory = _ => 3 };
var watchers = new Option<int>("--watchers") { Description = "Number of concurrent event streams.", DefaultValueFactory = _ => 200 };
var many = new Option<int>("--photos") { Description = "Number of photos per search.", DefaultValueFactory = _ => 1000 };
var large = new Option<int>("--photos") { Description = "Number of photos of the large search.", DefaultValueFactory = _ => 5000 };
var some = new Option<int>("--photos") { Description = "Number of photos in the album.", DefaultValueFactory = _ => 60 };

var broker = new Option<BrokerProfile>("--broker") { Description = "The broker whose rules to follow: Redis118 redelivers after its claim time, RabbitMq at once.", DefaultValueFactory = _ => BrokerProfile.Redis118 };
var atOnce = new Option<BrokerProfile>("--broker") { Description = "The broker whose rules to follow: Local and RabbitMq redeliver at once, Redis118 after its claim time.", DefaultValueFactory = _ => BrokerProfile.Local };
var injection = new Command("injection", "Compares the verdicts of a search without faults and with each kind of injected fault.") { photos, seed, side, facesEvery, modes, atOnce };
injection.SetAction(parsed => Reports.InjectionAsync(
    parsed.GetValue(modes)!, parsed.GetValue(atOnce), parsed.GetValue(seed), parsed.GetValue(photos), parsed.GetValue(facesEvery), parsed.GetValue(side)));
var faults = new Option<string[]>("--fault") { Description = $"One or more of {string.Join(", ", FaultRuns.Names)}. Default: all except the last.", DefaultValueFactory = _ => [.. FaultRuns.Names.SkipLast(1)] };
var daprd = new Option<FileInfo>("--daprd") { Description = "A daprd program: each replica gets its own daprd, with the broker and store of --components. Default: the local sidecar." };
daprd.AcceptExistingOnly();
var components = new Option<DirectoryInfo>("--components") { Description = "The resources folder. Default: components." };
components.AcceptExistingOnly();
var brokerStop = new Option<string?>("--broker-stop") { Description = $"With --daprd: a shell command that stops broker and store. Without it, {FaultRuns.BrokerGone} is skipped." };
var brokerStart = new Option<string?>("--broker-start") { Description = "With --daprd: the command that starts them again." };
var faultRuns = new Command("faults", "Compares the time and verdicts of a search without faults and while apps and sidecars are killed or scaled in.")
{
    photos, seed, side, facesEvery, faults, broker, daprd, components, brokerStop, brokerStart,
};
faultRuns.SetAction(parsed => Reports.FaultsAsync(
    parsed.GetValue(faults)!,
    parsed.GetValue(broker),
    parsed.GetValue(components)?.FullName,
    parsed.GetValue(daprd) is { } program
        ? new DaprdOptions(
            program.FullName,
            parsed.GetValue(components)?.FullName ?? Path.Combine(FindMe.Local.Checkout.Find().Root, "components"),
            parsed.GetValue(brokerStop),
            parsed.GetValue(brokerStart))
        : null,
    parsed.GetValue(seed),
    parsed.GetValue(photos),
    parsed.GetValue(facesEvery),
    parsed.GetValue(side)));

var page = new Option<string>("--page") { Description = "The page's address, such as http://localhost:5100.", DefaultValueFactory = _ => "http://localhost:5100" };
page.Validators.Add(result =>
{
    if (!Uri.TryCreate(result.GetValueOrDefault<string>(), UriKind.Absolute, out var address) || !address.Scheme.StartsWith("http", StringComparison.Ordinal))
    {
        result.AddError("--page must be an address such as http://localhost:5100.");
    }
});
var offered = new Option<DirectoryInfo>("--album") { Description = "The folder of an album of that FindMe, which must contain the first demo photo.", Required = true };
offered.AcceptExistingOnly();
var search = new Command("search", "Runs the main use case on a running FindMe: consents, uploads a selfie, searches an album, and checks the verdicts.") { page, offered };
search.SetAction(parsed => Reports.SearchAsync(new Uri(parsed.GetValue(page)!), parsed.GetValue(offered)!.FullName));

var kills = new Command("kills", "Kills an app before and after every state write and publish of a search, and compares the verdicts.") { apps, side, first, last, atOnce };
kills.SetAction(parsed => Reports.KillsAsync(parsed.GetValue(apps)!, parsed.GetValue(atOnce), parsed.GetValue(side), parsed.GetValue(first), parsed.GetValue(last)));
var fairness = new Command("fairness", "Measures a search of 20 photos alone, and behind a large one.") { large, side };
fairness.SetAction(parsed => Reports.MeasureAsync(folder => Fairness.SmallBehindLargeAsync(folder, parsed.GetValue(large), parsed.GetValue(side))));
var crowd = new Command("crowd", "Measures many large searches at once: time, and peak memory of each process.") { searches, many };
crowd.SetAction(parsed => Reports.MeasureAsync(folder => Fairness.CrowdAsync(folder, parsed.GetValue(searches), parsed.GetValue(many))));
var throughput = new Command("throughput", "Measures photos per second through the apps, compared with the engine alone.") { some, few, rounds, largeSide };
throughput.SetAction(parsed => Reports.MeasureAsync(folder => Throughput.MeasureAsync(
    LoadSystem.MakeAlbum(folder, "throughput", parsed.GetValue(some), facesEvery: 1, parsed.GetValue(largeSide)),
    LoadSystem.MakeAlbum(folder, "warm-up", photos: 12, facesEvery: 1, parsed.GetValue(largeSide)),
    parsed.GetValue(few),
    parsed.GetValue(rounds))));
var watching = new Command("watchers", "Measures the delay until many watchers of a search get its last verdict.") { photos, watchers, side, facesEvery };
watching.SetAction(parsed => Reports.MeasureAsync(folder => Watchers.MeasureAsync(
    LoadSystem.MakeAlbum(folder, "watched", parsed.GetValue(photos), parsed.GetValue(facesEvery), parsed.GetValue(side)), parsed.GetValue(watchers))));

var calls = new Option<int>("--calls") { Description = "Number of calls of each kind.", DefaultValueFactory = _ => 10_000 };
var sidecar = new Command("sidecar", "Measures the local sidecar's events, saves and reads per second.") { calls };
sidecar.SetAction(parsed => Reports.MeasureAsync(folder => SidecarRates.MeasureAsync(folder, parsed.GetValue(calls))));

var seconds = new Option<double>("--seconds-per-photo") { Description = "Core seconds per photo, as `throughput` measures them: cores divided by photos per second.", Required = true };
var scale = new Command("scale", "Prints the table of docs/scale.md.") { seconds };
scale.SetAction(parsed => Console.Write(Scale.Table(parsed.GetValue(seconds))));

var files = new Option<int>("--files") { Description = "Number of concurrent files.", DefaultValueFactory = _ => 48 };
var megabytes = new Option<int>("--megabytes") { Description = "Size of each file, in MB.", DefaultValueFactory = _ => 19 };
var uploads = new Command("uploads", "Measures Api's memory while many large photos and ZIP files are uploaded at once.") { files, megabytes };
uploads.SetAction(parsed => Reports.UploadsAsync(parsed.GetValue(files), 1_000_000 * parsed.GetValue(megabytes)));

var starts = new Command("starts", "Measures each app's start time and memory, and the first search after a start.") { rounds };
starts.SetAction(parsed => Reports.MeasureAsync(folder => Starts.MeasureAsync(folder, parsed.GetValue(rounds))));

return await new RootCommand("Load and fault tests of the real apps on the real sidecar.") { injection, faultRuns, search, kills, fairness, crowd, throughput, watching, sidecar, scale, uploads, starts }
    .Parse(args)
    .InvokeAsync();
