using System.Text.Json;
using FindMe.Faces;

namespace FindMe.Recognition.Tests;

public sealed class PeopleModelTests
{
    private static readonly PeopleCard Card = new("a card", 1, new Dictionary<string, int>(), 0, 0, null);

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("not json")]
    [InlineData("null")]
    public void A_file_that_is_not_a_people_file_is_rejected(string content)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["broken.findme"], content);

        var exception = Assert.Throws<PeopleException>(() => PeopleModel.Load(folder["broken.findme"]));

        Assert.Equal($"{folder["broken.findme"]} is not a people file: create one with findme people train.", exception.Message);
    }

    [Fact]
    public void A_file_whose_parts_do_not_match_is_rejected()
    {
        const int length = FaceEmbedding.MinLength;
        (string What, PeopleModel.Content File)[] misfits =
        [
            ("an older version", Content() with { Version = 1 }),
            ("a newer version", Content() with { Version = 3 }),
            ("nobody", Content(people: 0, classes: 0)),
            ("too many people", Content(people: 2_001, classes: 2_001)),
            ("a name with a control character", Content() with { People = ["Ada", "B\nb"] }),
            ("an empty name", Content() with { People = ["Ada", ""] }),
            ("a null name", Content() with { People = ["Ada", null!] }),
            ("the name of strangers", Content() with { People = ["Ada", "Unknown"] }),
            ("a name twice", Content() with { People = ["Ada", "Ada"] }),
            ("embeddings too short", Content(length: length - 1)),
            ("embeddings too long", Content(length: FaceEmbedding.MaxLength + 1)),
            ("one number too many in the centroids", Content() with { Centroids = Numbers((2 * length) + 1) }),
            ("one class too few", Content(classes: 1)),
            ("one class too many", Content(classes: 4)),
            ("one weight too few", Content() with { Weights = Numbers((3 * length) - 1) }),
            ("one midpoint too many", Content() with { Midpoints = Numbers(3) }),
            ("no steepness", Content() with { Steepness = 0 }),
            ("too much of it", Content() with { Steepness = 1e6f }),
        ];

        Assert.Equal(2, Parse(Content()).People.Count);
        Assert.Equal(2, Parse(Content(classes: 2)).People.Count);
        Assert.Equal(2_000, Parse(Content(people: 2_000, classes: 2_001)).People.Count);
        Assert.All(misfits, misfit => Assert.Equal(
            (misfit.What, "the parts do not match"), (misfit.What, Assert.Throws<JsonException>(() => Parse(misfit.File)).Message)));
        Assert.Equal("not numbers", Assert.Throws<JsonException>(() => Parse(Content() with { Biases = [0, 0, 0xc0, 0x7f, .. Numbers(2)] })).Message);
        Assert.Equal("not numbers", Assert.Throws<JsonException>(() => Parse(Content() with { Biases = [.. Numbers(3), 0] })).Message);
    }

    [Fact]
    public void The_largest_possible_file_can_be_loaded()
    {
        using var folder = new TemporaryFolder();
        var people = Enumerable.Range(0, 2_000).Select(person => $"{person}".PadRight(64, 'é')).ToArray();
        var confusion = Enumerable.Range(0, 2_001).Select(row => Enumerable.Range(0, 2_001).Select(column => row == column ? 10 : 0).ToArray()).ToArray();
        var model = new PeopleModel(
            people,
            "a recipe",
            new SoftmaxHead(new float[2_001 * FaceEmbedding.MaxLength], new float[2_001]),
            [.. people.Select(_ => new float[FaceEmbedding.MaxLength])],
            new float[2_000],
            30,
            Card with { Photos = people.ToDictionary(person => person, _ => 10), Measured = new PeopleMeasurement([.. people, "unknown"], confusion, 1) });

        model.Save(folder["large.findme"]);

        Assert.Equal(people, PeopleModel.Load(folder["large.findme"]).People);
    }

    /// <summary>Creates a valid file with two people, three classes and embeddings of the minimum length.</summary>
    private static PeopleModel.Content Content(int people = 2, int classes = 3, int length = FaceEmbedding.MinLength) => new(
        2, "a recipe", [.. Enumerable.Range(0, people).Select(person => $"{person}")], Numbers(people), 30, Card, Numbers(classes * length), Numbers(classes), Numbers(people * length));

    private static byte[] Numbers(int count) => new byte[count * sizeof(float)];

    private static PeopleModel Parse(PeopleModel.Content content) => PeopleModel.Parse(JsonSerializer.SerializeToUtf8Bytes(content, PeopleJson.Default.Content));
}
