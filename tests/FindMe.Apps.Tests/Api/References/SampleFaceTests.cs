using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace FindMe.Apps.Tests.Api;

public sealed class SampleFaceTests(FindMeSystem findMe) : IClassFixture<FindMeSystem>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_visitor_without_a_selfie_finds_the_sample_face_in_the_demo_photos_and_nowhere_else()
    {
        using var ada = findMe.NewVisitor();
        await ada.AgreeAsync();

        var sample = await AddSampleAsync(ada);
        var again = await AddSampleAsync(ada);
        var found = await ada.UntilEndedAsync(await ada.SearchAsync(FindMeSystem.Demo));
        using var elsewhere = await ada.Http.PostAsJsonAsync("/api/searches", new { source = "album", query = FindMeSystem.Talk }, Cancellation);

        Assert.True(sample["isSample"]!.GetValue<bool>());
        Assert.Equal(sample["id"]!.GetValue<string>(), again["id"]!.GetValue<string>());
        Assert.Equal(FindMeSystem.Demo, (await ada.GetAsync("/api/me"))["demo"]!["album"]!.GetValue<string>());
        Assert.Equal(["photo000.jpg", "photo002.jpg"], found["matches"]!.AsArray().Select(match => match!["photo"]!["id"]!.GetValue<string>()).Order(StringComparer.Ordinal));
        await ProblemAssert.IsAsync(elsewhere, 422, "sample-face");
    }

    [Fact]
    public async Task A_selfie_takes_the_place_of_the_sample_face_without_a_question_and_its_searches_go()
    {
        using var ada = findMe.NewVisitor();
        await ada.AgreeAsync();
        await AddSampleAsync(ada);
        var search = await ada.SearchAsync(FindMeSystem.Demo);
        await ada.UntilEndedAsync(search);

        // Another person than the sample: with two selfies of two people it would be refused.
        using var selfie = await ada.TryShowAsync(await File.ReadAllBytesAsync(Checkouts.DemoPhotos[0], Cancellation), face: 0);
        var references = (await ada.GetAsync("/api/references")).AsArray();
        using var back = await ada.Http.PostAsync(new Uri("/api/references/sample", UriKind.Relative), null, Cancellation);

        Assert.Equal(HttpStatusCode.Created, selfie.StatusCode);
        Assert.False(Assert.Single(references)!["isSample"]!.GetValue<bool>());
        Assert.True(references[0]!["isUsed"]!.GetValue<bool>());
        Assert.Equal(HttpStatusCode.NotFound, await ada.StatusOfAsync(HttpMethod.Get, $"/api/searches/{search}"));
        Assert.Empty((await ada.GetAsync("/api/searches")).AsArray());
        await ProblemAssert.IsAsync(back, 409, "has-selfies");
        await ada.SearchAsync(FindMeSystem.Empty);
    }

    [Fact]
    public async Task A_picture_that_is_refused_leaves_the_sample_face_and_its_searches()
    {
        using var ada = findMe.NewVisitor();
        await ada.AgreeAsync();
        await AddSampleAsync(ada);
        var search = await ada.SearchAsync(FindMeSystem.Demo);

        using var blank = await ada.TryShowAsync(TemporaryFolder.BlankPng(400, 400));

        await ProblemAssert.IsAsync(blank, 422, "no-face");
        Assert.True(Assert.Single((await ada.GetAsync("/api/references")).AsArray())!["isSample"]!.GetValue<bool>());
        Assert.Equal(2, (await ada.UntilEndedAsync(search))["matches"]!.AsArray().Count);
    }

    [Fact]
    public async Task A_photo_that_shows_the_sample_face_cannot_become_a_selfie()
    {
        using var eve = findMe.NewVisitor();
        await eve.AgreeAsync();
        await AddSampleAsync(eve);
        var search = await eve.SearchAsync(FindMeSystem.Demo);
        var photo = (await eve.UntilEndedAsync(search))["matches"]!.AsArray()[0]!["photo"]!["id"]!.GetValue<string>();
        using var judged = await eve.Http.PostAsJsonAsync($"/api/searches/{search}/judgements", new { judgements = new[] { new { photo, isMe = true } } }, Cancellation);
        Assert.Equal(HttpStatusCode.NoContent, judged.StatusCode);

        using var taken = await eve.Http.PostAsJsonAsync("/api/references/from-photo", new { search, photo }, Cancellation);

        await ProblemAssert.IsAsync(taken, 422, "no-reference");
        Assert.True(Assert.Single((await eve.GetAsync("/api/references")).AsArray())!["isSample"]!.GetValue<bool>());
    }

    private static async Task<JsonNode> AddSampleAsync(Visitor visitor)
    {
        using var answer = await visitor.Http.PostAsync(new Uri("/api/references/sample", UriKind.Relative), null, Cancellation);
        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        return (await answer.Content.ReadFromJsonAsync<JsonNode>(Cancellation))!;
    }
}
