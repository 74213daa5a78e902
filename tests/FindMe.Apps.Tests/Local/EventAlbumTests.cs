using System.Text.Json.Nodes;

namespace FindMe.Apps.Tests.Local;

public sealed class EventAlbumTests
{
    // Of six: each search compares 470 photos. FINDME_EVERYBODY=1 searches for all of them, as the evaluation of the engine alone always does.
    private static readonly int People = Environment.GetEnvironmentVariable("FINDME_EVERYBODY") == "1" ? int.MaxValue : 1;

    [Fact]
    public async Task People_are_found_in_an_album_of_portraits_with_precision_and_recall_of_97_percent()
    {
        var (precision, recall) = await SearchForPeopleAsync("public_lfw_event", photos: 470);

        Assert.True(precision >= 0.97, $"precision {precision:0.000}");
        Assert.True(recall >= 0.97, $"recall {recall:0.000}");
    }

    private static async Task<(double Precision, double Recall)> SearchForPeopleAsync(string name, int photos)
    {
        var scenario = Checkouts.Shared(Path.Combine("scenario", name));
        using var folder = new TemporaryFolder();
        await using var findMe = await LocalFindMe.StartAsync(folder.Folder("data"), [Path.Combine(scenario, "photos")]);
        int right = 0, wrong = 0, missed = 0, maybeRight = 0, maybeWrong = 0;
        foreach (var person in Directory.GetDirectories(Path.Combine(scenario, "reference")).Order(StringComparer.Ordinal).Take(People))
        {
            using var visitor = new Visitor(findMe.Address);
            await visitor.ShowAsync(Assert.Single(Directory.GetFiles(person)));
            var view = await visitor.UntilEndedAsync(await visitor.SearchAsync("photos"), seconds: 300);
            Assert.Equal("finished", Visitor.Status(view));
            Assert.Equal(photos, Visitor.Count(view, "compared") + Visitor.Count(view, "skipped"));

            var verdicts = view["matches"]!.AsArray().ToDictionary(Id!, match => match!["verdict"]!.GetValue<string>());
            foreach (var line in File.ReadLines(Path.Combine(scenario, $"TRUTH_{Path.GetFileName(person)}.csv")).Skip(1))
            {
                var comma = line.LastIndexOf(',');
                var contains = line[(comma + 1)..] == "1";
                var verdict = verdicts.GetValueOrDefault(line[..comma]["photos/".Length..]);
                right += contains && verdict == "match" ? 1 : 0;
                wrong += !contains && verdict == "match" ? 1 : 0;
                missed += contains && verdict != "match" ? 1 : 0;
                maybeRight += contains && verdict == "maybe" ? 1 : 0;
                maybeWrong += !contains && verdict == "maybe" ? 1 : 0;
            }
        }

        var (precision, recall) = ((double)right / (right + wrong), (double)right / (right + missed));
        TestContext.Current.TestOutputHelper!.WriteLine(
            $"{name}: match {right} right, {wrong} wrong, {missed} missed: precision {precision:0.0000}, recall {recall:0.0000}; maybe {maybeRight} right, {maybeWrong} wrong");
        return (precision, recall);
    }

    private static string Id(JsonNode match) => match["photo"]!["id"]!.GetValue<string>();
}
