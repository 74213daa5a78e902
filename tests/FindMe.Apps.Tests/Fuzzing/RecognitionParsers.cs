using System.Text;
using FindMe.Faces;
using FindMe.Recognition;

namespace FindMe.Apps.Tests.Fuzzing;

/// <summary>Reads vectors of faces, which callers send, and files of known people, which operators get from others.</summary>
internal static class RecognitionParsers
{
    private const int Length = 128;

    private static readonly TemporaryFolder Folder = TemporaryFolder.UntilTheEnd();

    private static readonly string Row = string.Join(',', Enumerable.Repeat("0.08838835", Length));

    public static string[] VectorSamples { get; } =
        [$"# findme face vectors; recipe=a-0a0b0c0d/b-0a0b0c0d; length={Length}; rows=2\n{Row}\n{Row}\n", $"{Row}\r\n\r\n-1e-7,{Row[11..]}\r\n"];

    /// <summary>Two people and strangers, all of whose numbers are 1.</summary>
    public static byte[] PeopleSample { get; } = Encoding.UTF8.GetBytes(
        $$"""
        {"version":2,"recipe":"a-0a0b0c0d/b-0a0b0c0d","people":["Ada","Bob"],"evenDistances":"{{Ones(2)}}","steepness":20,
        "card":{"model":"a sample","seed":1,"photos":{"Ada":4,"Bob":5},"unknownFaces":7,"augmentations":8,"measured":null},
        "weights":"{{Ones(3 * Length)}}","biases":"{{Ones(3)}}","centres":"{{Ones(2 * Length)}}"}
        """);

    // What was taken is written and read again as it was.
    public static void ReadVectors(string csv)
    {
        var vectors = FaceVectors.FromCsv(csv);
        Assert.NotEmpty(vectors.Vectors);
        Assert.Equal(vectors.Vectors.Count, FaceVectors.FromCsv(vectors.ToCsv()).Vectors.Count);
    }

    // People that were taken have names, and say of any face whose it is.
    public static void ReadPeople(byte[] file)
    {
        var path = Path.Combine(Folder.Path, "people.findme");
        File.WriteAllBytes(path, file);
        var people = PeopleModel.Load(path);
        Assert.NotEmpty(people.People);
        Assert.All(people.People, Assert.NotEmpty);
        Assert.NotEmpty(people.Name(FaceEmbedding.FromValues([1, .. new float[Length - 1]])).Name);
    }

    private static string Ones(int count) => Convert.ToBase64String([.. Enumerable.Repeat(BitConverter.GetBytes(1f), count).SelectMany(bytes => bytes)]);
}
