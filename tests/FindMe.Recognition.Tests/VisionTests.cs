using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using FindMe.Faces;

namespace FindMe.Recognition.Tests;

public sealed class VisionTests(TestPeople people, VisionProcess vision)
{
    [Fact]
    public async Task Vectors_of_a_picture_recognize_the_person_in_one_picture_or_a_batch()
    {
        var trained = await PostAsync("/faces/train", File.ReadAllBytes(people.Ada), "image/jpeg");

        var one = await PostJsonAsync("/faces/recognize", new JsonObject
        {
            ["recipe"] = trained["recipe"]!.DeepClone(),
            ["vectors"] = trained["vectors"]!.DeepClone(),
            ["image"] = Base64Of(TestPeople.PhotoPath(1)),
        });
        var batch = await PostJsonAsync("/faces/recognize", new JsonObject
        {
            ["recipe"] = trained["recipe"]!.DeepClone(),
            ["vectors"] = trained["vectors"]!.DeepClone(),
            ["images"] = new JsonArray(Base64Of(people.Bob), "data:image/jpeg;base64," + Base64Of(people.Ada), Convert.ToBase64String("no picture"u8)),
        });

        Assert.Equal(people.Engine.Recipe, trained["recipe"]!.GetValue<string>());
        Assert.Equal(22, trained["vectors"]!.AsArray().Count);
        Assert.True(one["present"]!.GetValue<bool>());
        Assert.Equal(3, one["faces"]!.GetValue<int>());
        Assert.InRange(one["distance"]!.GetValue<float>(), 0, people.Engine.MatchDistance);
        Assert.True(one["box"]!["width"]!.GetValue<float>() > 0);
        Assert.Equal([false, true, null], batch["results"]!.AsArray().Select(result => result!["present"]?.GetValue<bool>()));
        Assert.Equal("not-an-image", batch["results"]![2]!["problem"]!["type"]!.GetValue<string>());
    }

    [Fact]
    public async Task On_loopback_only_local_host_names_and_AllowedHosts_are_accepted()
    {
        Assert.Equal(HttpStatusCode.BadRequest, await StatusAsync(vision.Http, "evil.example"));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(vision.Http, "localhost:1"));
        await using var named = await StartedVision.StartAsync(["AllowedHosts=faces.example"]);
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(named.Http, "faces.example"));
        Assert.Equal(HttpStatusCode.BadRequest, await StatusAsync(named.Http, "evil.example"));

        static async Task<HttpStatusCode> StatusAsync(HttpClient http, string host)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(http.BaseAddress!, "/openapi/v1.json")) { Headers = { Host = host } };
            using var answer = await http.SendAsync(request, TestContext.Current.CancellationToken);
            return answer.StatusCode;
        }
    }

    [Fact]
    public async Task AWSLambdaFace_requests_get_AWSLambdaFace_responses()
    {
        var prepared = await PostJsonAsync("/aws-lambda-face/prepare-face-recognizer", new JsonObject { ["base64_image"] = Base64Of(people.Ada) });
        var csv = prepared["facevectors"]!.GetValue<string>();
        var query = Convert.ToBase64String(Encoding.UTF8.GetBytes(csv));

        var present = await PostJsonAsync("/aws-lambda-face/recognize_face", new JsonObject { ["base64_image"] = Base64Of(TestPeople.PhotoPath(1)), ["query_facevectors"] = query });
        var absent = await PostJsonAsync("/aws-lambda-face/recognize_face", new JsonObject { ["base64_image"] = Base64Of(people.Bob), ["query_facevectors"] = query });
        var broken = await PostJsonAsync("/aws-lambda-face/recognize_face", new JsonObject { ["base64_image"] = "%%%", ["query_facevectors"] = query });
        var tooLarge = await PostJsonAsync("/aws-lambda-face/prepare-face-recognizer", new JsonObject { ["base64_image"] = new string('A', VisionProcess.MaxBodyBytes) });

        Assert.DoesNotContain('#', csv);
        Assert.Equal("""{"face_present":"True"}""", present.ToJsonString());
        Assert.Equal("""{"face_present":"False"}""", absent.ToJsonString());
        Assert.Equal("error", Assert.Single(broken.AsObject()).Key);
        Assert.Equal("error", Assert.Single(tooLarge.AsObject()).Key);
    }

    [Theory]
    [InlineData("/faces/train", "image/png", "no picture", 415, "not-an-image")]
    [InlineData("/faces/train", "text/plain", "no picture", 415, "unsupported-media-type")]
    [InlineData("/faces/train", "application/json", "{\"image\":\"%%%\"}", 400, "bad-base64")]
    [InlineData("/faces/train", "application/json", "{\"image\":", 400, "bad-json")]
    [InlineData("/faces/train", "application/json", "[]", 400, "bad-json")]
    [InlineData("/faces/train", "application/json", "{}", 400, "no-image")]
    [InlineData("/faces/train", "image/jpeg", "", 400, "no-image")]
    [InlineData("/faces/train", "multipart/form-data; boundary=x", "no form", 400, "bad-form")]
    [InlineData("/faces/recognize", "application/json", "{\"image\":\"AAAA\"}", 400, "no-vectors")]
    [InlineData("/faces/recognize", "application/json", "{\"image\":\"AAAA\",\"vectors\":[[1,\"x\"]]}", 422, "unusable-vectors")]
    [InlineData("/faces/recognize", "application/json", "{\"image\":\"AAAA\",\"vectors\":[]}", 422, "unusable-vectors")]
    [InlineData("/faces/recognize", "application/json", "{\"image\":\"AAAA\",\"vectors\":7}", 422, "unusable-vectors")]
    [InlineData("/faces/recognize", "application/json", "{\"image\":\"AAAA\",\"vectors\":null}", 400, "no-vectors")]
    [InlineData("/faces/recognize", "application/json", "{\"images\":[\"\",\"\",\"\",\"\"]}", 413, "too-large")]
    [InlineData("/faces/train?face=abc", "image/jpeg", "no picture", 400, "bad-face")]
    [InlineData("/faces/train?face=-1", "image/jpeg", "no picture", 400, "bad-face")]
    [InlineData("/faces/train?seed=1.5", "image/jpeg", "no picture", 400, "bad-seed")]
    [InlineData("/classify?topK=x", "image/jpeg", "no picture", 400, "bad-top-k")]
    // Unpaired surrogates, which are invalid in strings; then a valid pair and an escaped backslash.
    [InlineData("/faces/train", "application/json", "{\"image\":\"\\ud800\"}", 400, "bad-json")]
    [InlineData("/faces/train", "application/json", "{\"\\udc00\":1,\"image\":\"AAAA\"}", 400, "bad-json")]
    [InlineData("/classify", "application/json", "{\"image\":\"\\ud83d\\u0041\"}", 400, "bad-json")]
    [InlineData("/faces/recognize", "application/json", "{\"image\":\"AAAA\",\"vectors\":\"\\ud800\"}", 400, "bad-json")]
    [InlineData("/faces/recognize", "application/json", "{\"image\":\"AAAA\",\"vectors\":[],\"recipe\":\"\\ude00\\ud83d\"}", 400, "bad-json")]
    [InlineData("/faces/train", "application/json", "{\"\\ud83d\\ude00\":\"\\\\ud800\",\"image\":\"%\"}", 400, "bad-base64")]
    [InlineData("/faces/nowhere", "application/json", "{}", 404, "not-found")]
    public async Task Every_invalid_request_gets_a_problem_with_advice(string path, string type, string body, int status, string problem)
    {
        using var content = new StringContent(body) { Headers = { ContentType = MediaTypeHeaderValue.Parse(type) } };

        await IsProblemAsync(await vision.Http.PostAsync(new Uri(path, UriKind.Relative), content, TestContext.Current.CancellationToken), status, problem);
    }

    [Theory]
    [InlineData("/aws-lambda-face/prepare-face-recognizer", "{\"base64_image\":\"\\ud800\"}")]
    [InlineData("/aws-lambda-face/recognize_face", "{\"\\ud800\":1}")]
    [InlineData("/aws-lambda-face/recognize_face", "{\"base64_image\":\"AAAA\",\"query_facevectors\":\"\\ud800\"}")]
    [InlineData("/aws-lambda-face/recognize_face", "{\"base64_image\":\"\u00ff\"}")]
    public async Task Invalid_text_in_JSON_is_reported_to_AWSLambdaFace_clients_in_its_format(string path, string body)
    {
        // Latin-1 encodes ÿ as a byte that is invalid in UTF-8.
        using var content = new StringContent(body, Encoding.Latin1, "application/json");

        var answer = await ReadAsync(await vision.Http.PostAsync(new Uri(path, UriKind.Relative), content, TestContext.Current.CancellationToken));

        Assert.StartsWith("The JSON contains invalid text", answer["error"]!.GetValue<string>(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_background_in_JSON_is_used()
    {
        var trained = await PostAsync("/faces/train", File.ReadAllBytes(people.Ada), "image/jpeg");
        var csv = new FaceVectors(people.Engine.Recipe, [.. trained["vectors"]!.AsArray().Select(row => Vector(row!))]).ToCsv();

        // With the person's own vectors as the background, a face is as near to the others as to the person, so the person is not present.
        Assert.True(await IsPresentAsync(null));
        Assert.False(await IsPresentAsync(trained["vectors"]!.DeepClone()));
        Assert.False(await IsPresentAsync(csv));
        using var broken = JsonContent.Create(Body(7));
        var problem = await IsProblemAsync(await vision.Http.PostAsync(new Uri("/faces/recognize", UriKind.Relative), broken, TestContext.Current.CancellationToken), 422, "unusable-vectors");
        Assert.Contains("background", problem["title"]!.GetValue<string>(), StringComparison.Ordinal);

        async Task<bool> IsPresentAsync(JsonNode? background) => (await PostJsonAsync("/faces/recognize", Body(background)))["present"]!.GetValue<bool>();

        JsonObject Body(JsonNode? background) => new()
        {
            ["recipe"] = trained["recipe"]!.DeepClone(),
            ["vectors"] = trained["vectors"]!.DeepClone(),
            ["background"] = background,
            ["image"] = Base64Of(people.Ada),
        };
    }

    [Fact]
    public async Task A_body_above_the_limit_and_vectors_of_another_model_are_rejected()
    {
        using var large = new HesitantBody(4 * VisionProcess.MaxBodyBytes);
        using var foreign = JsonContent.Create(new JsonObject
        {
            ["recipe"] = "dlib-00000000/x",
            ["vectors"] = new JsonArray(new JsonArray([.. Enumerable.Repeat(0, 128).Select(_ => JsonValue.Create(0.5))])),
            ["image"] = "AAAA",
        });

        await IsProblemAsync(await vision.Http.PostAsync(new Uri("/faces/train", UriKind.Relative), large, TestContext.Current.CancellationToken), 413, "too-large");
        var problem = await IsProblemAsync(await vision.Http.PostAsync(new Uri("/faces/recognize", UriKind.Relative), foreign, TestContext.Current.CancellationToken), 422, "unusable-vectors");
        Assert.Contains("dlib-00000000/x", problem["title"]!.GetValue<string>(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_OpenAPI_document_describes_requests_and_responses()
    {
        var document = JsonNode.Parse(await vision.Http.GetStringAsync(new Uri("/openapi/v1.json", UriKind.Relative), TestContext.Current.CancellationToken))!;
        var (train, recognize) = (Post("/faces/train"), Post("/faces/recognize"));

        Assert.Equal(["application/json", "multipart/form-data"], Names(recognize["requestBody"]!["content"]));
        Assert.Equal(["recipe", "vectors", "background", "image", "images"], Names(Taken(recognize, "application/json")["properties"]));
        var form = Taken(recognize, "multipart/form-data")["properties"]!;
        Assert.Equal(["vectors", "background", "image"], Names(form));
        Assert.Equal("binary", form["image"]!["items"]!["format"]!.GetValue<string>());
        Assert.Equal("binary", form["vectors"]!["format"]!.GetValue<string>());
        Assert.Equal(
            ["#/components/schemas/PresenceView", "#/components/schemas/PresencesView"],
            Answered(recognize)["application/json"]!["schema"]!["oneOf"]!.AsArray().Select(one => one!["$ref"]!.GetValue<string>()));
        Assert.Equal(["application/json", "text/csv"], Names(Answered(train)));
        Assert.Equal(["face integer", "seed integer"], train["parameters"]!.AsArray().Select(number => $"{number!["name"]} {number["schema"]!["type"]}"));
        foreach (var path in (string[])["/faces/train", "/classify", "/people/{model}/name"])
        {
            Assert.Equal("binary", Taken(Post(path), "multipart/form-data")["properties"]!["image"]!["format"]!.GetValue<string>());
            Assert.Contains("503", Names(Post(path)["responses"]));
        }

        Assert.All(
            Under(document).OfType<JsonObject>().Where(one => one.ContainsKey("$ref")),
            one => Assert.NotNull(document["components"]!["schemas"]![one["$ref"]!.GetValue<string>().Split('/')[^1]]));

        JsonNode Post(string path) => document["paths"]![path]!["post"]!;
        static JsonNode Taken(JsonNode operation, string type) => operation["requestBody"]!["content"]![type]!["schema"]!;
        static JsonNode Answered(JsonNode operation) => operation["responses"]!["200"]!["content"]!;
        static IEnumerable<string> Names(JsonNode? node) => node!.AsObject().Select(member => member.Key);
    }

    [Fact]
    public async Task Responses_match_the_schemas_of_the_OpenAPI_document()
    {
        var document = JsonNode.Parse(await vision.Http.GetStringAsync(new Uri("/openapi/v1.json", UriKind.Relative), TestContext.Current.CancellationToken))!;
        var trained = await PostAsync("/faces/train", File.ReadAllBytes(people.Ada), "image/jpeg");
        var csv = new FaceVectors(people.Engine.Recipe, [Vector(trained["vectors"]![0]!)]).ToCsv();
        var one = await PostJsonAsync("/faces/recognize", new JsonObject { ["vectors"] = csv, ["image"] = Base64Of(people.Bob) });
        var batch = await PostJsonAsync("/faces/recognize", new JsonObject { ["vectors"] = csv, ["images"] = new JsonArray(Base64Of(people.Bob), Convert.ToBase64String("no picture"u8)) });

        Assert.Equal(["TrainedView"], Fitting(trained, "TrainedView"));
        Assert.Equal(["PresenceView"], Fitting(one, "PresenceView", "PresencesView"));
        Assert.Equal(["PresencesView"], Fitting(batch, "PresenceView", "PresencesView"));
        Assert.Equal(["ClassifiedImage"], Fitting(await PostAsync("/classify", File.ReadAllBytes(people.Bob), "image/jpeg"), "ClassifiedImage"));

        // Schemas that contain all members of the response, and whose required members are all present.
        IEnumerable<string> Fitting(JsonNode answer, params string[] names)
        {
            var members = answer.AsObject().Select(member => member.Key).ToList();
            return names.Where(name =>
            {
                var schema = document["components"]!["schemas"]![name]!;
                return !members.Except(schema["properties"]!.AsObject().Select(member => member.Key)).Any()
                    && !(schema["required"]?.AsArray().GetValues<string>() ?? []).Except(members).Any();
            });
        }
    }

    /// <summary>A picture whose first bytes arrive at once, and the rest long after the server has responded.</summary>
    private sealed class HesitantBody : HttpContent
    {
        private readonly int _length;

        public HesitantBody(int length)
        {
            _length = length;
            Headers.ContentType = new MediaTypeHeaderValue("image/jpeg");
        }

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            await stream.WriteAsync(new byte[1 << 16]);
            await stream.FlushAsync();
            await Task.Delay(TimeSpan.FromMilliseconds(300));
            await stream.WriteAsync(new byte[_length - (1 << 16)]);
        }

        protected override bool TryComputeLength(out long length)
        {
            length = _length;
            return true;
        }
    }

    private static FaceEmbedding Vector(JsonNode row) => FaceEmbedding.FromValues([.. row.AsArray().GetValues<float>()]);

    private static IEnumerable<JsonNode?> Under(JsonNode? node) => node switch
    {
        JsonObject members => [node, .. members.SelectMany(member => Under(member.Value))],
        JsonArray items => [node, .. items.SelectMany(Under)],
        _ => [node],
    };

    private static string Base64Of(string path) => Convert.ToBase64String(File.ReadAllBytes(path));

    private async Task<JsonNode> PostAsync(string path, byte[] body, string type)
    {
        using var content = new ByteArrayContent(body) { Headers = { ContentType = new MediaTypeHeaderValue(type) } };
        return await ReadAsync(await vision.Http.PostAsync(new Uri(path, UriKind.Relative), content, TestContext.Current.CancellationToken));
    }

    private async Task<JsonNode> PostJsonAsync(string path, JsonObject body) =>
        await ReadAsync(await vision.Http.PostAsJsonAsync(path, body, TestContext.Current.CancellationToken));

    private static async Task<JsonNode> ReadAsync(HttpResponseMessage answer)
    {
        var body = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(answer.IsSuccessStatusCode, body);
        return JsonNode.Parse(body)!;
    }

    private static async Task<JsonNode> IsProblemAsync(HttpResponseMessage answer, int status, string type)
    {
        var body = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True((int)answer.StatusCode == status, $"{(int)answer.StatusCode} {body}");
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
        var problem = JsonNode.Parse(body)!;
        Assert.Equal(type, problem["type"]!.GetValue<string>());
        Assert.NotEmpty(problem["title"]!.GetValue<string>());
        Assert.NotEmpty(problem["detail"]!.GetValue<string>());
        return problem;
    }
}
