update channel_roi set roas = roas + 1 where period = 'lifetime';
