using System.Text.Json.Nodes;

namespace FindMe.Testing;

/// <summary>FindMe's main job as a person does it, on a FindMe that somebody else started.</summary>
internal static class SearchRun
{
    private static readonly TimeSpan SearchTimeout = TimeSpan.FromMinutes(5);

    // A photo that FindMe was built with, so that the verdict is known.
    private const string Own = "sample1.jpg";

    /// <summary>Agrees, shows a face, searches an album and looks at the verdicts.</summary>
    /// <param name="page">Where FindMe is.</param>
    /// <param name="album">The album's folder; it holds <c>sample1.jpg</c>, which shows the person.</param>
    /// <returns>What is wrong, a line each; empty: nothing.</returns>
    public static async Task<IReadOnlyList<string>> ProblemsAsync(Uri page, string album)
    {
        var photos = Directory.GetFiles(album).Length;
        if (!File.Exists(Path.Combine(album, Own)))
        {
            return [$"{album} does not hold {Own}, one of the demo photos in artifacts/models/demo: copy them there."];
        }

        using var person = new Visitor(page, retries: true);
        await person.ShowDemoFaceAsync();
        JsonNode view;
        try
        {
            view = await person.UntilEndedAsync(await person.SearchAsync(Path.GetFileName(album)), SearchTimeout);
        }
        catch (TimeoutException timeout)
        {
            return [timeout.Message];
        }

        var problems = new List<string>();
        if (view["status"]!.GetValue<string>() != "finished")
        {
            problems.Add($"The search is {view["status"]}: {view["problem"]?.ToJsonString()}");
        }

        if (view["photos"]!["compared"]!.GetValue<int>() != photos)
        {
            problems.Add($"Of {photos} photos {view["photos"]!["compared"]} are compared.");
        }

        if (!view["matches"]!.AsArray().Any(match => match!["photo"]!["id"]!.GetValue<string>() == Own))
        {
            problems.Add($"{Own} is no match: it shows the person.");
        }

        return problems;
    }
}
