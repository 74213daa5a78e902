using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using FindMe.Faces;
using FindMe.Pipeline;
using Microsoft.AspNetCore.DataProtection;
using SixLabors.ImageSharp;
using SixLabors.ImageSharp.PixelFormats;
using SixLabors.ImageSharp.Processing;

namespace FindMe.Apps.Tests.Api;

public sealed class SearchJudgementsTests(FindMeSystem findMe) : IClassFixture<FindMeSystem>
{
    private const string Own = "photo000.jpg";

    [Fact]
    public async Task Not_me_sticks_also_for_a_smaller_copy_of_the_photo_until_it_is_taken_back_and_for_its_person_alone()
    {
        using var ada = findMe.NewVisitor();
        await ada.ShowDemoFaceAsync();
        var first = await ada.SearchAsync(FindMeSystem.Demo);
        var found = await ada.UntilEndedAsync(first);
        Assert.Contains(Own, Photos(found, "matches"));
        var summary = await SummaryAsync(ada, first);

        await JudgeAsync(ada, first, Own, false);

        var judged = await ada.GetAsync($"/api/searches/{first}?within=2");
        Assert.DoesNotContain(Own, Photos(judged, "matches"));
        var rejected = Assert.Single(judged["judged"]!.AsArray())!;
        Assert.Equal(Own, rejected["photo"]!["id"]!.GetValue<string>());
        Assert.Equal("notMe", rejected["judgement"]!.GetValue<string>());
        Assert.Equal("no", rejected["verdict"]!.GetValue<string>());
        Assert.Equal(HttpStatusCode.OK, await ada.StatusOfAsync(HttpMethod.Get, rejected["photo"]!["url"]!.GetValue<string>()));
        Assert.Equal(summary - 1, await SummaryAsync(ada, first));
        Assert.Equal([Own], Photos((await ada.EventsAsync(first))[^1].Data, "judged"));

        // The same album once more, and a copy: half the size, saved again, under another name.
        var again = await ada.SearchAsync(FindMeSystem.Demo);
        Assert.DoesNotContain(Own, Photos(await ada.UntilEndedAsync(again), "matches"));
        var original = await File.ReadAllBytesAsync(Checkouts.DemoPhotos[0], TestContext.Current.CancellationToken);
        var copy = PhotoRendering.ToJpeg(original, 800);
        var (_, second) = await ada.SearchZipAsync(("elsewhere.jpg", copy));
        var copies = await ada.UntilEndedAsync(second);
        Assert.Equal(1, Visitor.Count(copies, "compared"));
        Assert.Empty(copies["matches"]!.AsArray());
        Assert.Equal(["0 elsewhere.jpg"], Photos(copies, "judged"));

        using var eve = findMe.NewVisitor();
        await eve.ShowDemoFaceAsync();
        Assert.Contains(Own, Photos(await eve.UntilEndedAsync(await eve.SearchAsync(FindMeSystem.Demo)), "matches"));

        // Taken back on the copy, it comes back everywhere.
        await JudgeAsync(ada, second, "0 elsewhere.jpg", null);
        Assert.Equal(["0 elsewhere.jpg"], Photos(await ada.GetAsync($"/api/searches/{second}"), "matches"));
        foreach (var search in new[] { first, again })
        {
            var back = await ada.GetAsync($"/api/searches/{search}");
            Assert.Contains(Own, Photos(back, "matches"));
            Assert.Empty(back["judged"]!.AsArray());
        }
    }

    [Fact]
    public async Task Where_the_best_face_of_a_photo_is_rejected_the_right_one_wins_in_a_later_search()
    {
        using var ada = findMe.NewVisitor();
        await ada.ShowDemoFaceAsync();

        // Two pictures of the person beside each other.
        using var one = await Image.LoadAsync<Rgb24>(Checkouts.DemoPhotos[0], TestContext.Current.CancellationToken);
        one.Mutate(picture => picture.Resize(900, 0));
        using var both = new Image<Rgb24>(1800, one.Height);
        using var mirrored = one.Clone(picture => picture.Flip(FlipMode.Horizontal));
        both.Mutate(picture => picture.DrawImage(one, new Point(0, 0), 1).DrawImage(mirrored, new Point(900, 0), 1));
        using var jpeg = new MemoryStream();
        await both.SaveAsJpegAsync(jpeg, TestContext.Current.CancellationToken);

        var (_, first) = await ada.SearchZipAsync(("two.jpg", jpeg.ToArray()));
        var wrong = (await ada.UntilEndedAsync(first))["matches"]![0]!;
        await JudgeAsync(ada, first, "0 two.jpg", false);
        var (_, second) = await ada.SearchZipAsync(("two.jpg", jpeg.ToArray()));
        var right = (await ada.UntilEndedAsync(second))["matches"]![0]!;

        Assert.Equal("match", right["verdict"]!.GetValue<string>());
        Assert.NotEqual(wrong["box"]!["x"]!.GetValue<float>() < 900, right["box"]!["x"]!.GetValue<float>() < 900);
    }

    [Fact]
    public async Task That_is_me_makes_a_match_of_a_photo_beyond_the_threshold_in_later_searches_too()
    {
        using var ada = findMe.NewVisitor();
        await ada.ShowDemoFaceAsync();
        var first = await ada.SearchAsync(FindMeSystem.Demo);
        await ada.UntilEndedAsync(first);
        var summary = await SummaryAsync(ada, first);
        var further = (await ada.GetAsync($"/api/searches/{first}?within=1.26"))["matches"]!.AsArray().First(match => match!["verdict"]!.GetValue<string>() == "no")!;
        var photo = further["photo"]!["id"]!.GetValue<string>();

        await JudgeAsync(ada, first, photo, true);

        foreach (var search in new[] { first, await ada.SearchAsync(FindMeSystem.Demo) })
        {
            var view = await ada.UntilEndedAsync(search);
            var match = Assert.Single(view["matches"]!.AsArray(), match => match!["photo"]!["id"]!.GetValue<string>() == photo)!;
            Assert.Equal(("match", "me"), (match["verdict"]!.GetValue<string>(), match["judgement"]!.GetValue<string>()));
            Assert.Equal(summary + 1, await SummaryAsync(ada, search));
        }
    }

    [Fact]
    public async Task Whoever_watches_a_search_is_told_of_a_judgement()
    {
        using var ada = findMe.NewVisitor();
        await ada.ShowDemoFaceAsync();
        var search = await ada.SearchAsync(FindMeSystem.Talk);
        var early = await ada.UntilAsync(search, view => view["matches"]!.AsArray().Count > 0);
        var photo = Photos(early, "matches")[0];
        var watching = ada.EventsAsync(search);

        await JudgeAsync(ada, search, photo, false);
        await JudgeAsync(ada, search, photo, true);

        // The first that tells of it as theirs comes after the one that told of it as found.
        var told = (await watching).SelectMany(entry => entry.Data["matches"]!.AsArray()).Where(match => match!["photo"]!["id"]!.GetValue<string>() == photo).ToList();
        Assert.Equal("me", told[^1]!["judgement"]!.GetValue<string>());
    }

    [Fact]
    public async Task Only_photos_that_the_search_found_can_be_judged_and_only_by_their_person()
    {
        using var ada = findMe.NewVisitor();
        await ada.ShowDemoFaceAsync();
        var search = await ada.SearchAsync(FindMeSystem.Demo);
        var view = await ada.UntilEndedAsync(search);
        using var eve = findMe.NewVisitor();
        await eve.AgreeAsync();

        foreach (var (visitor, photo, status) in new[] { (ada, "nothing.jpg", 404), (eve, Own, 404) })
        {
            using var answer = await TryJudgeAsync(visitor, search, photo, false);
            await ProblemAssert.IsAsync(answer, status, "not-found");
        }

        foreach (var judgements in new object?[] { null, Array.Empty<object>(), Enumerable.Repeat(new { photo = Own, isMe = true }, 201), new object?[] { null }, new[] { new { isMe = true } } })
        {
            using var answer = await ada.Http.PostAsJsonAsync($"/api/searches/{search}/judgements", new { judgements }, TestContext.Current.CancellationToken);
            await ProblemAssert.IsAsync(answer, 400, "bad-judgements");
        }

        Assert.Equal(Photos(view, "matches"), Photos(await ada.GetAsync($"/api/searches/{search}"), "matches"));
    }

    [Fact]
    public async Task Judgements_are_encrypted_in_the_store_and_deleted_with_everything()
    {
        using var ada = findMe.NewVisitor();
        await ada.ShowDemoFaceAsync();
        var search = await ada.SearchAsync(FindMeSystem.Demo);
        await ada.UntilEndedAsync(search);
        await JudgeAsync(ada, search, Own, false);
        var person = (await findMe.Dapr.GetStateAsync<Search>(StateKeys.Store, StateKeys.Search(search), TestContext.Current.CancellationToken))!.Person;

        var stored = await findMe.Dapr.GetStateAsync<JsonElement>(StateKeys.Store, StateKeys.Judgements(person), TestContext.Current.CancellationToken);
        Assert.DoesNotContain(Own, stored.GetRawText(), StringComparison.Ordinal);
        Assert.DoesNotContain(Own, Encoding.UTF8.GetString(Convert.FromBase64String(stored.GetProperty("ciphertext").GetString()!)), StringComparison.Ordinal);

        Assert.Equal(HttpStatusCode.OK, await ada.StatusOfAsync(HttpMethod.Delete, "/api/me"));
        Assert.Null(await findMe.Dapr.GetStateAsync<EncryptedDocument>(StateKeys.Store, StateKeys.Judgements(person), TestContext.Current.CancellationToken));
        Assert.Null(await findMe.Dapr.GetStateAsync<WrappedKey>(StateKeys.Store, StateKeys.PersonKey(person), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_judgement_that_is_made_while_everything_is_deleted_leaves_neither_itself_nor_a_key()
    {
        for (var attempt = 0; attempt < 5; attempt++)
        {
            using var ada = findMe.NewVisitor();
            await ada.ShowDemoFaceAsync();
            var search = await ada.SearchAsync(FindMeSystem.Demo);
            await ada.UntilEndedAsync(search);
            var person = (await findMe.Dapr.GetStateAsync<Search>(StateKeys.Store, StateKeys.Search(search), TestContext.Current.CancellationToken))!.Person;

            // A report is written at the same moment: both encrypt under the key that is being deleted.
            var judging = TryJudgeAsync(ada, search, Own, attempt % 2 == 0);
            var writing = ada.Http.PutAsJsonAsync($"/api/searches/{search}/report", new { title = "late", photos = Array.Empty<string>() }, TestContext.Current.CancellationToken);
            await Task.Delay(3 * attempt, TestContext.Current.CancellationToken);
            Assert.Equal(HttpStatusCode.OK, await ada.StatusOfAsync(HttpMethod.Delete, "/api/me"));
            using var judged = await judging;
            using var written = await writing;
            Assert.All([judged, written], answer => Assert.True((int)answer.StatusCode is 200 or 204 or 404, $"{answer.StatusCode}"));

            Assert.Null(await findMe.Dapr.GetStateAsync<EncryptedDocument>(StateKeys.Store, StateKeys.Judgements(person), TestContext.Current.CancellationToken));
            Assert.Null(await findMe.Dapr.GetStateAsync<EncryptedDocument>(StateKeys.Store, StateKeys.Report(search), TestContext.Current.CancellationToken));
            Assert.Null(await findMe.Dapr.GetStateAsync<WrappedKey>(StateKeys.Store, StateKeys.PersonKey(person), TestContext.Current.CancellationToken));
        }
    }

    [Fact]
    public async Task A_person_has_so_many_judgements_at_most_and_the_oldest_go()
    {
        var judgements = new Judgements(new PersonDocuments(findMe.Dapr, new PersonKeys(findMe.Dapr, new EphemeralDataProtectionProvider())));
        var person = $"{Guid.NewGuid():N}";
        var many = Enumerable.Range(0, Judgements.MaxPerPerson + 1)
            .Select(number => new Judgement("album/a", $"{number}.jpg", null, new FaceBox(0, 0, 1, 1), null, false, DateTimeOffset.UnixEpoch, ""));

        await judgements.UpdateAsync(person, all => [.. all, .. many], TestContext.Current.CancellationToken);

        var kept = (await judgements.ReadAsync(person, TestContext.Current.CancellationToken)).All;
        Assert.Equal(Judgements.MaxPerPerson, kept.Count);
        Assert.Equal("1.jpg", kept[0].Photo);
    }

    private static List<string> Photos(JsonNode view, string which) => [.. view[which]!.AsArray().Select(match => match!["photo"]!["id"]!.GetValue<string>())];

    private static async Task<int> SummaryAsync(Visitor visitor, string search) =>
        (await visitor.GetAsync("/api/searches")).AsArray().Single(summary => summary!["id"]!.GetValue<string>() == search)!["matches"]!.GetValue<int>();

    private static Task<HttpResponseMessage> TryJudgeAsync(Visitor visitor, string search, string photo, bool? isMe) =>
        visitor.Http.PostAsJsonAsync($"/api/searches/{search}/judgements", new { judgements = new[] { new { photo, isMe } } }, TestContext.Current.CancellationToken);

    private static async Task JudgeAsync(Visitor visitor, string search, string photo, bool? isMe)
    {
        using var answer = await TryJudgeAsync(visitor, search, photo, isMe);
        Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);
    }
}
