// chaos: the same search calm and under every kind of trouble; kills: an app dies at every write in turn; fairness: a small search behind a large one.
using System.CommandLine;
using FindMe.Load;

var photos = new Option<int>("--photos") { Description = "Photos of the album.", DefaultValueFactory = _ => 500 };
var seed = new Option<int>("--seed") { Description = "Seed of the chaos.", DefaultValueFactory = _ => 1 };
var side = new Option<int>("--side") { Description = "Longer side of the photos with people, in pixels.", DefaultValueFactory = _ => 320 };
var facesEvery = new Option<int>("--faces-every") { Description = "Every n-th photo shows people, the others nobody.", DefaultValueFactory = _ => 8 };
var modes = new Option<string[]>("--mode") { Description = $"Of {string.Join(", ", ChaosRuns.Modes)}; several. Default: every one.", DefaultValueFactory = _ => [.. ChaosRuns.Modes] };
var app = new Option<string[]>("--app") { Description = "The apps that die.", DefaultValueFactory = _ => ["findme-collect", "findme-api", "findme-compare"] };

var chaos = new Command("chaos", "The same search calm and under every kind of chaos: do the verdicts differ?") { photos, seed, side, facesEvery, modes };
chaos.SetAction(parsed => Reports.ChaosAsync(
    parsed.GetValue(modes)!, parsed.GetValue(seed), parsed.GetValue(photos), parsed.GetValue(facesEvery), parsed.GetValue(side)));
var kills = new Command("kills", "Kills an app at every state write and publish of a search, before and after it is done: do the verdicts differ?") { app, side };
kills.SetAction(parsed => Reports.KillsAsync(parsed.GetValue(app)!, parsed.GetValue(side)));

return await new RootCommand("Drives the real apps through the real sidecar, and measures or breaks them.") { chaos, kills }.Parse(args).InvokeAsync();
