// tweet_image → read the photo → find its faces → compare them with the person's references → verdict in the state store.
using FindMe.Compare;
using FindMe.Hosting;
using FindMe.Networks;
using FindMe.Pipeline;

var builder = WebApplication.CreateBuilder(args);

builder.AddAppDefaults();
builder.AddPipeline();
builder.Services.AddPhotoReading();
builder.Services.AddComparison();

var app = builder.Build();

app.MapAppDefaults();
app.MapPipeline();
app.MapTweetImages();

app.Run();
