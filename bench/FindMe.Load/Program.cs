// Drives the real apps through the real sidecar: faults and kills break them, fairness, crowd, throughput, watchers and sidecar measure them.
using System.CommandLine;
using FindMe.Load;
using LocalDapr.Faults;

var photos = new Option<int>("--photos") { Description = "Photos of the album.", DefaultValueFactory = _ => 500 };
var seed = new Option<int>("--seed") { Description = "Seed of the injected faults.", DefaultValueFactory = _ => 1 };
var side = new Option<int>("--side") { Description = "Longer side of the photos with people, in pixels.", DefaultValueFactory = _ => 320 };
var largeSide = new Option<int>("--side") { Description = "Longer side of the photos, in pixels.", DefaultValueFactory = _ => 1920 };
var facesEvery = new Option<int>("--faces-every") { Description = "Every n-th photo shows people, the others nobody.", DefaultValueFactory = _ => 6 };
var modes = new Option<string[]>("--mode") { Description = $"Of {string.Join(", ", InjectionRuns.Modes)}; several. Default: every one.", DefaultValueFactory = _ => [.. InjectionRuns.Modes] };
var apps = new Option<string[]>("--app") { Description = "The apps that die.", DefaultValueFactory = _ => ["findme-collect", "findme-api", "findme-compare"] };
var first = new Option<int>("--first") { Description = "The first write or publish that an app dies at.", DefaultValueFactory = _ => 1 };
var last = new Option<int>("--last") { Description = "The last one.", DefaultValueFactory = _ => int.MaxValue };
var searches = new Option<int>("--searches") { Description = "Searches at the same time.", DefaultValueFactory = _ => 20 };
var few = new Option<int>("--searches") { Description = "Searches at the same time.", DefaultValueFactory = _ => 4 };
var rounds = new Option<int>("--rounds") { Description = "Turns of each side.", DefaultValueFactory = _ => 3 };
var watchers = new Option<int>("--watchers") { Description = "Event streams at the same time.", DefaultValueFactory = _ => 200 };
var many = new Option<int>("--photos") { Description = "Photos of each search.", DefaultValueFactory = _ => 1000 };
var large = new Option<int>("--photos") { Description = "Photos of the large search.", DefaultValueFactory = _ => 5000 };
var some = new Option<int>("--photos") { Description = "Photos of the album.", DefaultValueFactory = _ => 60 };

var broker = new Option<BrokerProfile>("--broker") { Description = "Whose rules the sidecar follows: Redis118 hands on after its claim time, RabbitMq at once.", DefaultValueFactory = _ => BrokerProfile.Redis118 };
var atOnce = new Option<BrokerProfile>("--broker") { Description = "Whose rules the sidecar follows: Local and RabbitMq give back at once, Redis118 after its claim time.", DefaultValueFactory = _ => BrokerProfile.Local };
var injection = new Command("injection", "The same search calm and with every kind of injected fault: do the verdicts differ?") { photos, seed, side, facesEvery, modes, atOnce };
injection.SetAction(parsed => Reports.InjectionAsync(
    parsed.GetValue(modes)!, parsed.GetValue(atOnce), parsed.GetValue(seed), parsed.GetValue(photos), parsed.GetValue(facesEvery), parsed.GetValue(side)));
var faults = new Option<string[]>("--fault") { Description = $"Of {string.Join(", ", FaultRuns.Names)}; several. Default: every one but the last.", DefaultValueFactory = _ => [.. FaultRuns.Names.SkipLast(1)] };
var daprd = new Option<FileInfo>("--daprd") { Description = "A daprd program: each replica is then a process with a daprd of its own, on the broker and store that --components names. Default: the local sidecar." };
daprd.AcceptExistingOnly();
var components = new Option<DirectoryInfo>("--components") { Description = "The folder of components. Default: components." };
components.AcceptExistingOnly();
var brokerStop = new Option<string?>("--broker-stop") { Description = $"With --daprd: a shell command that takes broker and store away. Without it {FaultRuns.BrokerGone} is left out." };
var brokerStart = new Option<string?>("--broker-start") { Description = "With --daprd: the command that brings them back." };
var faultRuns = new Command("faults", "The same search calm and while apps and consumers die or leave: seconds, and whether the verdicts differ.")
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

var page = new Option<string>("--page") { Description = "Where FindMe is, such as http://localhost:5100.", DefaultValueFactory = _ => "http://localhost:5100" };
page.Validators.Add(result =>
{
    if (!Uri.TryCreate(result.GetValueOrDefault<string>(), UriKind.Absolute, out var address) || !address.Scheme.StartsWith("http", StringComparison.Ordinal))
    {
        result.AddError("--page takes an address such as http://localhost:5100.");
    }
});
var offered = new Option<DirectoryInfo>("--album") { Description = "A folder that FindMe offers as an album, with the first demo photo in it.", Required = true };
offered.AcceptExistingOnly();
var search = new Command("search", "The main job on a FindMe that runs already: agrees, shows a face, searches an album, and checks the verdicts.") { page, offered };
search.SetAction(parsed => Reports.SearchAsync(new Uri(parsed.GetValue(page)!), parsed.GetValue(offered)!.FullName));

var kills = new Command("kills", "Kills an app at every state write and publish of a search, before and after it is done: do the verdicts differ?") { apps, side, first, last, atOnce };
kills.SetAction(parsed => Reports.KillsAsync(parsed.GetValue(apps)!, parsed.GetValue(atOnce), parsed.GetValue(side), parsed.GetValue(first), parsed.GetValue(last)));
var fairness = new Command("fairness", "A search of 20 photos alone, and behind a large one.") { large, side };
fairness.SetAction(parsed => Reports.MeasureAsync(folder => Fairness.SmallBehindLargeAsync(folder, parsed.GetValue(large), parsed.GetValue(side))));
var crowd = new Command("crowd", "Many large searches at once: time, and every process's peak memory.") { searches, many };
crowd.SetAction(parsed => Reports.MeasureAsync(folder => Fairness.CrowdAsync(folder, parsed.GetValue(searches), parsed.GetValue(many))));
var throughput = new Command("throughput", "Photos a second through the apps against those of the engine alone.") { some, few, rounds, largeSide };
throughput.SetAction(parsed => Reports.MeasureAsync(folder => Throughput.MeasureAsync(
    LoadSystem.MakeAlbum(folder, "throughput", parsed.GetValue(some), facesEvery: 1, parsed.GetValue(largeSide)),
    LoadSystem.MakeAlbum(folder, "warm-up", photos: 12, facesEvery: 1, parsed.GetValue(largeSide)),
    parsed.GetValue(few),
    parsed.GetValue(rounds))));
var watching = new Command("watchers", "How soon many watchers of a search know of its last verdict.") { photos, watchers, side, facesEvery };
watching.SetAction(parsed => Reports.MeasureAsync(folder => Watchers.MeasureAsync(
    LoadSystem.MakeAlbum(folder, "watched", parsed.GetValue(photos), parsed.GetValue(facesEvery), parsed.GetValue(side)), parsed.GetValue(watchers))));

var calls = new Option<int>("--calls") { Description = "Calls of each kind.", DefaultValueFactory = _ => 10_000 };
var sidecar = new Command("sidecar", "What the local sidecar does a second: events, saves and reads.") { calls };
sidecar.SetAction(parsed => Reports.MeasureAsync(folder => SidecarRates.MeasureAsync(folder, parsed.GetValue(calls))));

var seconds = new Option<double>("--seconds-per-photo") { Description = "Of one core, as `throughput` measures it: cores divided by photos a second.", Required = true };
var scale = new Command("scale", "The table of docs/scale.md.") { seconds };
scale.SetAction(parsed => Console.Write(Scale.Table(parsed.GetValue(seconds))));

var files = new Option<int>("--files") { Description = "Files at the same time.", DefaultValueFactory = _ => 48 };
var megabytes = new Option<int>("--megabytes") { Description = "Size of each, in MB.", DefaultValueFactory = _ => 19 };
var uploads = new Command("uploads", "Many large pictures and ZIP files at once: how much memory does Api hold?") { files, megabytes };
uploads.SetAction(parsed => Reports.UploadsAsync(parsed.GetValue(files), 1_000_000 * parsed.GetValue(megabytes)));

var starts = new Command("starts", "How soon each app answers, its memory, and the first search in apps that have just started.") { rounds };
starts.SetAction(parsed => Reports.MeasureAsync(folder => Starts.MeasureAsync(folder, parsed.GetValue(rounds))));

return await new RootCommand("Drives the real apps through the real sidecar, and measures or breaks them.") { injection, faultRuns, search, kills, fairness, crowd, throughput, watching, sidecar, scale, uploads, starts }
    .Parse(args)
    .InvokeAsync();
