using System.Globalization;
using System.Text.Json;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace FindMe.Visitors;

/// <summary>What one person's review came to.</summary>
/// <param name="Person">Who.</param>
/// <param name="Found">Photos that were shown at the default.</param>
/// <param name="Right">Of these, photos that do show the person.</param>
/// <param name="Asked">Of these, photos that came as questions.</param>
/// <param name="Keys">Keys that were pressed from the consent to the last answer.</param>
/// <param name="Within">The slider's threshold.</param>
/// <param name="Shown">Photos shown at it.</param>
/// <param name="Fresh">Photos that a search whose engine has this threshold shows.</param>
/// <param name="Differences">Photos in one of the two only.</param>
/// <param name="Requests">Requests while the slider moved, other than for pictures.</param>
/// <param name="FalseMatch">The nearest photo of somebody else within it, which is judged “not me”; null: there is none.</param>
/// <param name="InSecondSearch">Whether a second search shows it within the threshold.</param>
/// <param name="InCopies">Whether a search of the smaller copies does.</param>
/// <param name="InCopiesForAnother">Whether the same search does for a visitor with the same face who judged nothing.</param>
/// <param name="AfterUndo">Whether a search does once the judgement is taken back.</param>
internal sealed record ReviewResult(
    string Person, int Found, int Right, int Asked, int Keys, double Within, int Shown, int Fresh, int Differences, int Requests,
    string? FalseMatch, bool InSecondSearch, bool InCopies, bool InCopiesForAnother, bool AfterUndo)
{
    /// <summary>Whether everything is as it should be.</summary>
    public bool IsRight => Differences == 0 && Requests == 0 && (FalseMatch is null || (!InSecondSearch && !InCopies && InCopiesForAnother && AfterUndo));
}

/// <summary>A person who goes the whole way by keyboard.</summary>
internal sealed class Review(IBrowser browser, DirectoryInfo directory, string person, string album, string copies)
{
    private const int MostPresses = 5_000;
    private const float SlowMilliseconds = 300_000;

    // Whom the truth does not name is not judged.
    private readonly Dictionary<string, bool> _truth = File.ReadLines(Path.Combine(directory.FullName, $"TRUTH_{person}.csv")).Skip(1)
        .Select(line => line.Split(',')).ToDictionary(cells => Path.GetFileName(cells[0]), cells => cells[1] == "1");

    private int _keys;

    public async Task<ReviewResult> RunAsync(string address, string widerAddress, double within)
    {
        await using var context = await OpenAsync(address);
        var page = await ArriveAsync(context);
        var search = await SearchAsync(page, album);
        var found = await ShownAsync(page);
        var asked = await AnswerQuestionsAsync(page);
        await JudgeAllAsync(page);
        var keys = _keys;

        var (shown, requests) = await WidenAsync(page, within);
        var fresh = await FreshAsync(widerAddress);
        // The person has said no to some that a fresh search shows, and yes to none that it does not.
        var judged = await JudgedAsync(page, search);
        var differences = fresh.Except(judged).ToHashSet(StringComparer.Ordinal);
        differences.SymmetricExceptWith(shown);

        var falseMatch = await NearestFalseAsync(page, search, shown);
        var (inSecond, inCopies, inCopiesForAnother, afterUndo) = (false, false, false, false);
        if (falseMatch is not null)
        {
            await JudgeAsync(page, falseMatch, "n");
            var second = await SearchAsync(page, album);
            inSecond = await IsWithinAsync(page, second, falseMatch, within);
            inCopies = await IsWithinAsync(page, await SearchAsync(page, copies), falseMatch, within);
            await using var stranger = await OpenAsync(address);
            var another = await ArriveAsync(stranger);
            inCopiesForAnother = await IsWithinAsync(another, await SearchAsync(another, copies), falseMatch, within);

            await page.GotoAsync($"/#search={second}");
            await UndoAsync(page, falseMatch);
            afterUndo = await IsWithinAsync(page, await SearchAsync(page, album), falseMatch, within);
        }

        return new ReviewResult(
            person, found.Count, found.Count(IsRight), asked, keys, within, shown.Count, fresh.Count, differences.Count, requests,
            falseMatch, inSecond, inCopies, inCopiesForAnother, afterUndo);
    }

    private bool IsRight(string photo) => _truth.GetValueOrDefault(photo);

    private Task<IBrowserContext> OpenAsync(string address) => browser.NewContextAsync(new() { BaseURL = address, ViewportSize = new() { Width = 1280, Height = 844 }, ReducedMotion = ReducedMotion.Reduce });

    private async Task<IPage> ArriveAsync(IBrowserContext context)
    {
        var page = await context.NewPageAsync();
        await page.GotoAsync("/");
        await TabToAsync(page, page.GetByRole(AriaRole.Checkbox));
        await PressAsync(page, "Space");
        await TabToAsync(page, Button(page, "I agree: find my face"));
        await PressAsync(page, "Enter");
        await TabToAsync(page, page.Locator("#photo"));
        // The picker is the system's own.
        page.FileChooser += (_, _) => { };
        await page.EvaluateAsync("1");
        var chooser = await page.RunAndWaitForFileChooserAsync(() => PressAsync(page, "Enter"));
        await chooser.SetFilesAsync(Directory.GetFiles(Path.Combine(directory.FullName, "reference", person)).Single());
        await Expect(page.Locator(".notice")).ToContainTextAsync("This photo works", new() { Timeout = SlowMilliseconds });
        return page;
    }

    private async Task<string> SearchAsync(IPage page, string where)
    {
        await page.GotoAsync("/#album");
        var choice = page.GetByRole(AriaRole.Radio, new() { Name = where, Exact = true });
        await TabToAsync(page, page.Locator("input[name=album]").First);
        for (var presses = 0; presses < 50 && !await choice.IsCheckedAsync(); presses++)
        {
            await PressAsync(page, "ArrowDown");
        }

        await TabToAsync(page, Button(page, "Find me"));
        await PressAsync(page, "Enter");
        await Expect(page.Locator(".summary")).ToContainTextAsync("Done.", new() { Timeout = SlowMilliseconds });
        return page.Url.Split("search=")[1];
    }

    // The doubtful photos, one key each.
    private async Task<int> AnswerQuestionsAsync(IPage page)
    {
        var check = page.Locator(".sheet-tools .button").First;
        if (!await check.IsVisibleAsync())
        {
            return 0;
        }

        await TabToAsync(page, check);
        await PressAsync(page, "Enter");
        var queue = page.Locator("dialog.queue");
        var asked = 0;
        while (!(await queue.InnerTextAsync()).Contains("All checked", StringComparison.Ordinal))
        {
            var words = await queue.Locator(".queue-side").InnerTextAsync();
            await PressAsync(page, _truth.Single(photo => words.Contains(photo.Key, StringComparison.Ordinal)).Value ? "y" : "n");
            asked++;
        }

        await PressAsync(page, "Enter");
        await Expect(queue).ToBeHiddenAsync();
        return asked;
    }

    // Every photo, by Tab and one key.
    private async Task JudgeAllAsync(IPage page)
    {
        var left = (await ShownAsync(page)).Where(_truth.ContainsKey).ToHashSet(StringComparer.Ordinal);
        for (var presses = 0; left.Count > 0; presses++)
        {
            Ensure(presses < MostPresses, $"{string.Join(", ", left)} cannot be reached by Tab.");
            await PressAsync(page, "Tab");
            if (await FocusedPhotoAsync(page) is { } photo && left.Remove(photo))
            {
                await PressAsync(page, IsRight(photo) ? "y" : "n");
            }
        }

        await SettledAsync(page);
    }

    // A covered photo has a button that uncovers it instead.
    private static Task<string?> FocusedPhotoAsync(IPage page) =>
        page.EvaluateAsync<string?>("() => document.activeElement.matches('.frame-open, .frame .reveal') ? document.activeElement.closest('.frame').dataset.photo : null");

    private async Task JudgeAsync(IPage page, string photo, string key)
    {
        for (var presses = 0; ; presses++)
        {
            Ensure(presses < MostPresses, $"{photo} cannot be reached by Tab.");
            await PressAsync(page, "Tab");
            if (await FocusedPhotoAsync(page) == photo)
            {
                await page.RunAndWaitForResponseAsync(() => PressAsync(page, key), "**/judgements");
                await SettledAsync(page);
                return;
            }
        }
    }

    private async Task UndoAsync(IPage page, string photo)
    {
        var list = page.Locator("details.judged summary");
        await TabToAsync(page, list);
        await PressAsync(page, "Enter");
        await TabToAsync(page, page.Locator(".judged-list li").Filter(new() { HasText = photo }).GetByRole(AriaRole.Button));
        await page.RunAndWaitForResponseAsync(() => PressAsync(page, "Enter"), "**/judgements");
        await SettledAsync(page);
    }

    private async Task<(HashSet<string> Shown, int Requests)> WidenAsync(IPage page, double within)
    {
        await TabToAsync(page, page.GetByText("Too many photos, or too few?"));
        await PressAsync(page, "Enter");
        var slider = page.GetByRole(AriaRole.Slider);
        await TabToAsync(page, slider);
        var requests = 0;
        page.Request += (_, request) => requests += request.Url.Contains("/photos/", StringComparison.Ordinal) ? 0 : 1;
        var target = (int)Math.Round(100 * within);
        for (var value = await ValueAsync(); value != target; value = await ValueAsync())
        {
            await PressAsync(page, value < target ? "ArrowRight" : "ArrowLeft");
            Ensure(await ValueAsync() != value, $"The slider ends at {value}.");
        }

        var during = requests;
        return (await ShownAsync(page), during);

        async Task<int> ValueAsync() => int.Parse(await slider.InputValueAsync(), CultureInfo.InvariantCulture);
    }

    private async Task<HashSet<string>> FreshAsync(string address)
    {
        await using var context = await OpenAsync(address);
        var page = await ArriveAsync(context);
        await SearchAsync(page, album);
        return await ShownAsync(page);
    }

    private async Task<string?> NearestFalseAsync(IPage page, string search, HashSet<string> shown) =>
        (await MatchesAsync(page, search, 2)).Where(match => shown.Contains(match.Photo) && _truth.TryGetValue(match.Photo, out var isRight) && !isRight)
            .OrderBy(match => match.Distance).Select(match => match.Photo).FirstOrDefault();

    private static async Task<bool> IsWithinAsync(IPage page, string search, string photo, double within) =>
        (await MatchesAsync(page, search, within)).Any(match => match.Photo == photo && match.Distance <= within);

    private static async Task<IEnumerable<string>> JudgedAsync(IPage page, string search)
    {
        var view = await ViewAsync(page, search, 2);
        return view.TryGetProperty("judged", out var judged) ? [.. judged.EnumerateArray().Select(match => match.GetProperty("photo").GetProperty("id").GetString()!)] : [];
    }

    private static async Task<IReadOnlyList<(string Photo, double Distance)>> MatchesAsync(IPage page, string search, double within) =>
        [.. (await ViewAsync(page, search, within)).GetProperty("matches").EnumerateArray()
            .Select(match => (match.GetProperty("photo").GetProperty("id").GetString()!, match.GetProperty("distance").GetDouble()))];

    private static async Task<JsonElement> ViewAsync(IPage page, string search, double within)
    {
        var answer = await page.APIRequest.GetAsync(string.Create(CultureInfo.InvariantCulture, $"/api/searches/{search}?within={within}"));
        Ensure(answer.Ok, $"The search was answered with {answer.Status}.");
        return (await answer.JsonAsync())!.Value;
    }

    // As for paper, where all of them stand in the page.
    private static async Task<HashSet<string>> ShownAsync(IPage page) => [.. await page.EvaluateAsync<string[]>("""
        () => {
          dispatchEvent(new Event('beforeprint'));
          const shown = [...document.querySelectorAll('.frame')].map(frame => frame.dataset.photo);
          dispatchEvent(new Event('afterprint'));
          return shown;
        }
        """)];

    // Answers are sent in order, and read back a moment later.
    private static async Task SettledAsync(IPage page)
    {
        await page.WaitForLoadStateAsync(LoadState.NetworkIdle);
        await Task.Delay(TimeSpan.FromSeconds(3));
        await page.WaitForLoadStateAsync(LoadState.NetworkIdle);
    }

    private async Task TabToAsync(IPage page, ILocator target)
    {
        await Expect(target).ToBeVisibleAsync(new() { Timeout = SlowMilliseconds });
        for (var presses = 0; !await target.EvaluateAsync<bool>("node => node === document.activeElement"); presses++)
        {
            Ensure(presses < MostPresses, "It cannot be reached by Tab.");
            await PressAsync(page, "Tab");
        }
    }

    private Task PressAsync(IPage page, string key)
    {
        _keys++;
        return page.Keyboard.PressAsync(key);
    }

    private static ILocator Button(IPage page, string name) => page.GetByRole(AriaRole.Button, new() { Name = name, Exact = true });

    private static void Ensure(bool isSo, string otherwise)
    {
        if (!isSo)
        {
            throw new InvalidDataException(otherwise);
        }
    }
}
