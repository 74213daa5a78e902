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
