// What visitors do in Chromium, on a FindMe that runs.
using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using FindMe.Visitors;
using Microsoft.Playwright;

var pageOption = new Option<string>("--page") { Description = "Where FindMe runs, such as http://localhost:5100.", Required = true };

var selfieOption = new Option<FileInfo>("--selfie") { Description = "The demo photo sample1.jpg, whose third face is chosen.", Required = true };
selfieOption.AcceptExistingOnly();
var rounds = new Option<int>("--rounds") { Description = "How often, each time as somebody new.", DefaultValueFactory = _ => 3 };
var firstMinute = new Command("first-minute", "Takes the time of a newcomer's first minute, at 390 × 844: seconds and taps from the first paint to a ZIP of themselves, and from “Try it with a sample face” to the first match. FindMe runs with its demo photos.") { pageOption, selfieOption, rounds };
firstMinute.SetAction((parsed, _) => WithChromiumAsync(async browser =>
{
    for (var round = 0; round < parsed.GetValue(rounds); round++)
    {
        var address = parsed.GetRequiredValue(pageOption);
        var (zipSeconds, zipTaps) = await new Newcomer(browser, address).DownloadAsync(parsed.GetRequiredValue(selfieOption).FullName);
        var sampleSeconds = await new Newcomer(browser, address).TrySampleAsync();
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $$"""{"secondsToZip":{{zipSeconds:0.0}},"tapsToZip":{{zipTaps}},"secondsFromSampleToFirstMatch":{{sampleSeconds:0.0}}}"""));
    }

    return 0;
}));

var eventOption = new Option<DirectoryInfo>("--event") { Description = "An event: photos, reference/PERSON/ref1.*, TRUTH_PERSON.csv. Its photos are an album of FindMe.", Required = true };
eventOption.AcceptExistingOnly();
var album = new Option<string>("--album") { Description = "The album of the event's photos.", Required = true };
var copies = new Option<string>("--copies") { Description = "The album with a smaller copy of each of them, under the same name.", Required = true };
var widerPage = new Option<string>("--wider-page") { Description = "A second FindMe with the same albums, whose engine takes faces up to --within for a match.", Required = true };
var within = new Option<double>("--within") { Description = "The threshold of the second FindMe.", Required = true };
var review = new Command("review", "Everybody of an event reviews what was found by keyboard alone, widens the slider to a false match, takes it for somebody else, and searches again.") { pageOption, eventOption, album, copies, widerPage, within };
review.SetAction((parsed, _) => WithChromiumAsync(async browser =>
{
    var isRight = true;
    var directory = parsed.GetRequiredValue(eventOption);
    foreach (var person in directory.GetDirectories("reference").Single().GetDirectories().Select(folder => folder.Name).Order(StringComparer.Ordinal))
    {
        var run = new Review(browser, directory, person, parsed.GetRequiredValue(album), parsed.GetRequiredValue(copies));
        var result = await run.RunAsync(parsed.GetRequiredValue(pageOption), parsed.GetRequiredValue(widerPage), parsed.GetRequiredValue(within));
        Console.WriteLine(JsonSerializer.Serialize(result, JsonSerializerOptions.Web));
        isRight &= result.IsRight;
    }

    return isRight ? 0 : 1;
}));

return await new RootCommand("What visitors do in Chromium, on a FindMe that runs.") { firstMinute, review }.Parse(args).InvokeAsync();

static async Task<int> WithChromiumAsync(Func<IBrowser, Task<int>> run)
{
    using var playwright = await Playwright.CreateAsync();
    await using var browser = await playwright.Chromium.LaunchAsync(new()
    {
        ExecutablePath = Environment.GetEnvironmentVariable("FINDME_CHROMIUM") is { Length: > 0 } path ? path : "/usr/bin/chromium",
        Args = ["--no-sandbox", "--disable-gpu"],
    });
    return await run(browser);
}
