using static Microsoft.Playwright.Assertions;

namespace FindMe.Page.Tests;

/// <summary>Five thousand matches: elements exist only near the window, and nothing moves under the person's eyes.</summary>
[Collection(nameof(SharedFindMe))]
public sealed class LargeResultsTests(RunningFindMe findMe)
{
    private const int Photos = 5_000;

    // The window, as much again on either side of it, and some.
    private const int MostFrames = 160;

    [Theory]
    [InlineData(390)]
    [InlineData(1280)]
    public async Task Of_5000_matches_only_those_near_the_window_are_in_the_page_and_all_can_be_scrolled_to(int width)
    {
        await using var visitor = await PageVisitor.ArriveAsync(findMe, width);
        var page = visitor.Page;
        await visitor.AgreeAsync();
        var search = new MadeUpSearch();
        for (var photo = 0; photo < Photos; photo++)
        {
            search.Add(photo % 10 == 0 ? "check" : photo % 7 == 0 ? "likely" : "clear", 0.5f + (photo / 10_000f), network: photo % 3 == 0 ? "mastodon" : null, description: "A talk");
        }

        await page.EvaluateAsync("""
            () => {
              window.measured = { longest: 0, tasks: 0, most: 0 };
              new PerformanceObserver(list => {
                for (const { duration } of list.getEntries()) {
                  window.measured.tasks++;
                  window.measured.longest = Math.max(window.measured.longest, duration);
                }
              }).observe({ type: 'longtask' });
              addEventListener('hashchange', () => { window.measured.began = performance.now(); });
              new MutationObserver(() => {
                const frames = document.querySelectorAll('.frame').length;
                window.measured.most = Math.max(window.measured.most, frames);
                if (frames > 0) window.measured.first ??= performance.now() - window.measured.began;
              }).observe(document.getElementById('main'), { childList: true, subtree: true });
            }
            """);
        await search.OpenAsync(visitor);
        await Expect(visitor.Frames.First).ToBeVisibleAsync();
        var first = await page.EvaluateAsync<double>("() => window.measured.first");
        var opening = await page.EvaluateAsync<double>("() => window.measured.longest");
        await page.EvaluateAsync("() => { window.measured.longest = 0; window.measured.tasks = 0; }");
        await page.Mouse.MoveAsync(width / 2, 400);
        for (var turn = 0; turn < 60; turn++)
        {
            await page.Mouse.WheelAsync(0, turn % 10 == 9 ? 20_000 : 900);
            await page.WaitForTimeoutAsync(30);
        }

        var scrolling = await page.EvaluateAsync<double[]>("() => [window.measured.tasks, window.measured.longest, performance.memory.usedJSHeapSize / 1e6]");
        TestContext.Current.TestOutputHelper!.WriteLine(
            $"{width} px: first photo after {first:0} ms, longest task of opening {opening:0} ms; scrolling: {scrolling[0]} tasks above 50 ms, the longest {scrolling[1]:0} ms; {scrolling[2]:0} MB.");
        Assert.InRange(await page.EvaluateAsync<int>("() => window.measured.most"), 1, MostFrames);

        await page.EvaluateAsync("() => scrollTo(0, document.querySelector('.sheet-check').getBoundingClientRect().bottom + scrollY - innerHeight)");
        await Expect(page.Locator(".sheet-check .frame[aria-posinset='500']")).ToBeInViewportAsync();
        await Expect(page.Locator(".sheet-check .frame[aria-posinset='500']")).ToHaveAttributeAsync("aria-setsize", "500");
    }

    [Fact]
    public async Task What_one_looks_at_stays_where_it_is_when_photos_come_in_above_it()
    {
        await using var visitor = await PageVisitor.ArriveAsync(findMe);
        var page = visitor.Page;
        await visitor.AgreeAsync();
        var search = new MadeUpSearch();
        for (var photo = 0; photo < 200; photo++)
        {
            search.Add("clear", 0.5f + (photo / 1000f));
        }

        await search.OpenAsync(visitor);
        await page.EvaluateAsync("() => scrollTo(0, 6000)");
        const string Seen = "() => { const seen = [...document.querySelectorAll('.frame')].find(frame => frame.getBoundingClientRect().bottom > 0); return `${seen.dataset.photo} ${Math.round(seen.getBoundingClientRect().top)}`; }";
        await page.WaitForFunctionAsync("() => document.querySelectorAll('.frame').length > 20");
        var before = await page.EvaluateAsync<string>(Seen);

        for (var photo = 0; photo < 40; photo++)
        {
            search.Add("clear", 0.1f, confidence: 0.99);
        }

        await page.EvaluateAsync($"() => new BroadcastChannel('findme-{MadeUpSearch.Id}').postMessage('judged')");
        await page.WaitForFunctionAsync("() => document.querySelector('.results').dataset.found === '240'");

        var photoSeen = before.Split(' ')[0];
        var top = await page.EvaluateAsync<int>($"() => Math.round(document.querySelector('.frame[data-photo=\"{photoSeen}\"]').getBoundingClientRect().top)");
        Assert.InRange(top, int.Parse(before.Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture) - 1, int.Parse(before.Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture) + 1);
    }
}
