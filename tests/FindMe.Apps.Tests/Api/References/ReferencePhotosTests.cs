using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Json;

namespace FindMe.Apps.Tests.Api;

public sealed class ReferencePhotosTests(FindMeSystem findMe) : IClassFixture<FindMeSystem>
{
    [Fact]
    public async Task Nothing_biometric_happens_before_consent()
    {
        using var ada = findMe.NewVisitor();

        using var shown = await ada.TryShowAsync(await DemoPhotoAsync());
        await ProblemAssert.IsAsync(shown, 403, "consent-required");
        Assert.Equal(HttpStatusCode.Forbidden, await ada.StatusOfAsync(HttpMethod.Get, "/api/references"));
        Assert.False((await ada.GetAsync("/api/consent"))["accepted"]!.GetValue<bool>());
        using var outdated = await ada.Http.PostAsJsonAsync("/api/consent", new { version = "1999-01" }, TestContext.Current.CancellationToken);
        await ProblemAssert.IsAsync(outdated, 422, "consent-outdated");
        await ada.AgreeAsync();
        Assert.True((await ada.GetAsync("/api/consent"))["accepted"]!.GetValue<bool>());
    }

    [Fact]
    public async Task A_picture_of_several_people_asks_which_one_and_takes_the_one_that_is_named()
    {
        using var ada = findMe.NewVisitor();
        await ada.AgreeAsync();

        using var several = await ada.TryShowAsync(await DemoPhotoAsync());
        var faces = (await ProblemAssert.IsAsync(several, 422, "several-faces"))["faces"]!.AsArray();
        using var beyond = await ada.TryShowAsync(await DemoPhotoAsync(), faces.Count);
        await ProblemAssert.IsAsync(beyond, 422, "no-such-face");
        using var chosen = await ada.TryShowAsync(await DemoPhotoAsync(), faces.Count - 1);

        Assert.Equal(HttpStatusCode.Created, chosen.StatusCode);
        var reference = await chosen.Content.ReadFromJsonAsync<System.Text.Json.Nodes.JsonNode>(TestContext.Current.CancellationToken);
        Assert.Equal(faces[^1]!["x"]!.GetValue<double>(), reference!["box"]!["x"]!.GetValue<double>(), 0.5);
        Assert.InRange(reference["quality"]!.GetValue<double>(), 0, 1);
    }

    [Fact]
    public async Task Pictures_that_serve_nobody_are_refused_with_the_way_out()
    {
        using var ada = findMe.NewVisitor();
        await ada.AgreeAsync();

        using var blank = await ada.TryShowAsync(TemporaryFolder.BlankPng(400, 400));
        await ProblemAssert.IsAsync(blank, 422, "no-face");
        using var text = await ada.TryShowAsync("This is no picture."u8.ToArray());
        await ProblemAssert.IsAsync(text, 422, "not-an-image");
        using var large = await ada.TryShowAsync(new byte[(20 << 20) + 1]);
        await ProblemAssert.IsAsync(large, 413, "too-large");
        using var huge = await ada.TryShowAsync(new byte[40 << 20]);
        await ProblemAssert.IsAsync(huge, 413, "too-large");
        using var missing = await ada.Http.PostAsJsonAsync("/api/references", new { photo = "me" }, TestContext.Current.CancellationToken);
        await ProblemAssert.IsAsync(missing, 400, "photo-missing");
        Assert.Empty((await ada.GetAsync("/api/references")).AsArray());
    }

    [Fact]
    public async Task A_found_photo_becomes_a_reference_once_its_person_says_that_it_shows_them_and_if_it_is_like_the_others()
    {
        using var ada = findMe.NewVisitor();
        await ada.ShowDemoFaceAsync();
        var search = await ada.SearchAsync(FindMeSystem.Demo);
        await ada.UntilEndedAsync(search);
        var further = (await ada.GetAsync($"/api/searches/{search}?within=1.26"))["matches"]!.AsArray()
            .First(match => match!["verdict"]!.GetValue<string>() == "no")!["photo"]!["id"]!.GetValue<string>();
        using var eve = findMe.NewVisitor();
        await eve.AgreeAsync();

        using (var unsaid = await TakeAsync(ada, search, "photo000.jpg"))
        {
            await ProblemAssert.IsAsync(unsaid, 409, "not-judged");
        }

        using var judged = await ada.Http.PostAsJsonAsync(
            $"/api/searches/{search}/judgements", new { judgements = new[] { new { photo = "photo000.jpg", isMe = true }, new { photo = further, isMe = true } } }, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.NoContent, judged.StatusCode);
        using (var foreign = await TakeAsync(eve, search, "photo000.jpg"))
        {
            await ProblemAssert.IsAsync(foreign, 404, "not-found");
        }

        using (var taken = await TakeAsync(ada, search, "photo000.jpg"))
        {
            Assert.True(taken.StatusCode == HttpStatusCode.Created, await taken.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        }

        using (var unlike = await TakeAsync(ada, search, further))
        {
            await ProblemAssert.IsAsync(unlike, 409, "unlike-selfies");
        }

        var references = (await ada.GetAsync("/api/references")).AsArray();
        Assert.Equal(2, references.Count);
        Assert.All(references, reference => Assert.True(reference!["isUsed"]!.GetValue<bool>()));

        // As any other: it can be taken back, and without any there is none to compare a found one with.
        foreach (var reference in references)
        {
            Assert.Equal(HttpStatusCode.NoContent, await ada.StatusOfAsync(HttpMethod.Delete, $"/api/references/{reference!["id"]}"));
        }

        using var none = await TakeAsync(ada, search, "photo000.jpg");
        await ProblemAssert.IsAsync(none, 422, "no-reference");

        static Task<HttpResponseMessage> TakeAsync(Visitor visitor, string search, string photo) =>
            visitor.Http.PostAsJsonAsync("/api/references/from-photo", new { search, photo }, TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task A_reference_can_be_taken_back_and_nobody_else_can_take_it()
    {
        using var ada = findMe.NewVisitor();
        var reference = (await ada.ShowDemoFaceAsync())["id"]!.GetValue<string>();
        using var eve = findMe.NewVisitor();
        await eve.AgreeAsync();

        Assert.Equal(HttpStatusCode.NotFound, await eve.StatusOfAsync(HttpMethod.Delete, $"/api/references/{reference}"));
        Assert.Single((await ada.GetAsync("/api/references")).AsArray());
        Assert.Equal(HttpStatusCode.NoContent, await ada.StatusOfAsync(HttpMethod.Delete, $"/api/references/{reference}"));
        Assert.Empty((await ada.GetAsync("/api/references")).AsArray());
    }

    [Fact]
    public async Task The_faces_of_two_people_never_become_one_persons_however_many_come_at_once()
    {
        using var ada = findMe.NewVisitor();
        var first = await ada.ShowDemoFaceAsync();
        foreach (var face in new[] { 1, 2 })
        {
            using var other = await ada.TryShowAsync(await DemoPhotoAsync(), face);
            var problem = await ProblemAssert.IsAsync(other, 409, "another-person");
            Assert.Contains("replace", problem["detail"]!.GetValue<string>(), StringComparison.Ordinal);
        }

        using var eve = findMe.NewVisitor();
        await eve.AgreeAsync();
        var taken = new ConcurrentBag<HttpStatusCode>();
        await Parallel.ForEachAsync(Enumerable.Range(0, 24), new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (number, _) =>
        {
            using var answer = await eve.TryShowAsync(await DemoPhotoAsync(), face: number % 3);
            taken.Add(answer.StatusCode);
        });

        Assert.Single((await ada.GetAsync("/api/references")).AsArray());
        var references = (await eve.GetAsync("/api/references")).AsArray();
        Assert.Equal(references.Count, taken.Count(status => status == HttpStatusCode.Created));
        Assert.InRange(references.Count, 1, 10);
        Assert.All(references, reference => Assert.True(reference!["isUsed"]!.GetValue<bool>()));
        Assert.Single(references.Select(reference => reference!["box"]!["x"]!.GetValue<double>()).Distinct());
        Assert.Equal(first["box"]!["x"]!.GetValue<double>(), (await ada.GetAsync("/api/references"))[0]!["box"]!["x"]!.GetValue<double>());
    }

    [Fact]
    public async Task A_face_that_replaces_another_persons_deletes_those_and_cancels_their_searches()
    {
        using var ada = findMe.NewVisitor();
        var first = (await ada.ShowDemoFaceAsync())["id"]!.GetValue<string>();
        var search = await ada.SearchAsync(FindMeSystem.Talk);
        using (var blank = await ada.TryShowAsync(TemporaryFolder.BlankPng(400, 400), replace: true))
        {
            await ProblemAssert.IsAsync(blank, 422, "no-face");
        }

        Assert.Equal(first, Assert.Single((await ada.GetAsync("/api/references")).AsArray())!["id"]!.GetValue<string>());

        using var replaced = await ada.TryShowAsync(await DemoPhotoAsync(), face: 1, replace: true);

        Assert.Equal(HttpStatusCode.Created, replaced.StatusCode);
        Assert.NotEqual(first, Assert.Single((await ada.GetAsync("/api/references")).AsArray())!["id"]!.GetValue<string>());
        Assert.Equal("cancelled", Visitor.Status(await ada.UntilEndedAsync(search)));
    }

    // Three crops of one actor: the second is 1.14 away from the first, the third is near both.
    [Fact]
    public async Task A_doubtful_photo_waits_unused_until_another_one_is_like_both()
    {
        var crops = Checkouts.Shared("eval/bbt_crops");
        using var ada = findMe.NewVisitor();
        await ada.AgreeAsync();

        using var first = await ShowAsync("frjs_lennard_14.png");
        Assert.Equal(HttpStatusCode.Created, first.StatusCode);
        using var doubtful = await ShowAsync("faceapi_leonard3.png");
        var problem = await ProblemAssert.IsAsync(doubtful, 422, "needs-another-photo");
        Assert.False(problem["reference"]!["isUsed"]!.GetValue<bool>());
        Assert.Equal([true, false], await UsedAsync());
        using var between = await ShowAsync("faceapi_leonard4.png");
        Assert.Equal(HttpStatusCode.Created, between.StatusCode);
        Assert.Equal([true, true, true], await UsedAsync());

        // Without the one between them, the two are strangers again.
        var middle = (await ada.GetAsync("/api/references"))[2]!["id"]!.GetValue<string>();
        Assert.Equal(HttpStatusCode.NoContent, await ada.StatusOfAsync(HttpMethod.Delete, $"/api/references/{middle}"));
        Assert.Equal([true, false], await UsedAsync());

        async Task<HttpResponseMessage> ShowAsync(string crop) =>
            await ada.TryShowAsync(await File.ReadAllBytesAsync(Path.Combine(crops, crop), TestContext.Current.CancellationToken));

        async Task<IEnumerable<bool>> UsedAsync() =>
            (await ada.GetAsync("/api/references")).AsArray().Select(reference => reference!["isUsed"]!.GetValue<bool>());
    }

    [Fact]
    public async Task A_search_whose_only_reference_is_taken_back_fails_with_a_clear_problem()
    {
        using var ada = findMe.NewVisitor();
        var reference = (await ada.ShowDemoFaceAsync())["id"]!.GetValue<string>();
        var search = await ada.SearchAsync(FindMeSystem.Talk);
        await ada.UntilAsync(search, view => Visitor.Count(view, "compared") >= 5);

        Assert.Equal(HttpStatusCode.NoContent, await ada.StatusOfAsync(HttpMethod.Delete, $"/api/references/{reference}"));
        var view = await ada.UntilEndedAsync(search);

        Assert.Equal("failed", Visitor.Status(view));
        Assert.Equal("no-reference", view["problem"]!["type"]!.GetValue<string>());
    }

    [Fact]
    public async Task Another_site_cannot_act_for_a_person()
    {
        using var ada = findMe.NewVisitor();
        await ada.AgreeAsync();

        foreach (var origin in new[] { "https://evil.example", "null", "http://localhost.evil.example" })
        {
            using var request = new HttpRequestMessage(HttpMethod.Delete, "/api/me");
            request.Headers.TryAddWithoutValidation("Origin", origin);
            using var answer = await ada.Http.SendAsync(request, TestContext.Current.CancellationToken);
            await ProblemAssert.IsAsync(answer, 403, "foreign-origin");
        }

        Assert.True((await ada.GetAsync("/api/consent"))["accepted"]!.GetValue<bool>());
    }

    private static Task<byte[]> DemoPhotoAsync() => File.ReadAllBytesAsync(Checkouts.DemoPhotos[0], TestContext.Current.CancellationToken);
}
