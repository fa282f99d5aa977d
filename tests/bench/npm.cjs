// Delivers one message again and again with Pipedrive's npm client, for the bench. Arguments: the
// base path, the access token, the message as JSON. Each line of standard input is a batch,
// {"calls", "inFlight"}, answered by a line that says how many seconds it took.
'use strict';
const readline = require('node:readline');
const { ChannelsApi, Configuration } = require('pipedrive/v1');

require('node:http').globalAgent.keepAlive = true; // as Node has it by itself from version 19 on
const [basePath, accessToken, message] = process.argv.slice(1);
const api = new ChannelsApi(new Configuration({ basePath, accessToken }));
const parameters = { ReceiveMessageRequest: JSON.parse(message) };

(async () => {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    let { calls, inFlight } = JSON.parse(line);
    const work = async () => {
      while (calls-- > 0) {
        const answer = await api.receiveMessage(parameters);
        if (!answer.success) throw new Error(`refused: ${JSON.stringify(answer)}`);
      }
    };
    const start = process.hrtime.bigint();
    await Promise.all(Array.from({ length: inFlight }, work));
    console.log(Number(process.hrtime.bigint() - start) / 1e9);
  }
})();
